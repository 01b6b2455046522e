"""The workspace's tree of folders, notebooks and files, in which experiments have their names."""
