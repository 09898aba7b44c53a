"""Users, API tokens and sessions: JSON in etcd that holds hashes only."""
