"""The Files API and the signed URLs that model files and artifacts travel by."""
