"""Unity Catalog: catalogs, schemas, tables."""
