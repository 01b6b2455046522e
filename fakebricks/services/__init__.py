"""The product areas, one folder each, named as Databricks names them.

In a folder, `api.py` declares the REST operations, `records.py` the stored shapes, and the modules beside them decide.
"""
