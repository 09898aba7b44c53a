"""What can be wrong with this host, as a master or a worker, and with what it needs. Nothing is changed."""
