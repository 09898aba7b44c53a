"""The whole system on one machine, for `yuanya up`: etcd, a master and a worker as supervised children."""
