"""The workspace's tree of folders, in which experiments have their names."""
