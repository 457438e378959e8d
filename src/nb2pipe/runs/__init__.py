"""Runs remembered: events reduced to a `Run`, and the runs kept in `.nb2pipe/`."""
