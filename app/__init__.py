"""Yuanya Crontab: a distributed cron."""

__version__ = "0.1.0"
