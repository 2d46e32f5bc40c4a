"""The queries of backups: `source` asks the database that is backed up, `target` the one that is filled."""
