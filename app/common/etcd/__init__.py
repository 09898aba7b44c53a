"""The only importer of the etcd client. Keys are text, values bytes."""

from app.common.etcd.client import EtcdClient, Page
from app.common.etcd.mirror import Mirror
from app.common.etcd.session import Session
from app.common.etcd.txn import Event, KeyValue, TxnResult

__all__ = ["EtcdClient", "Event", "KeyValue", "Mirror", "Page", "Session", "TxnResult"]
