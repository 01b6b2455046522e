"""S3: the workspace's own bucket, which clients reach with temporary AWS credentials."""
