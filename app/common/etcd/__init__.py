"""The only importer of the etcd client. Keys are text, values bytes."""

from app.common.etcd.client import EtcdClient, Page
from app.common.etcd.mirror import Mirror
from app.common.etcd.session import Session
from app.common.etcd.txn import TxnResult
from app.common.key_value import Event, KeyValue

__all__ = ["EtcdClient", "Event", "KeyValue", "Mirror", "Page", "Session", "TxnResult"]
