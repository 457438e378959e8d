"""nb2pipe in Jupyter: the server extension behind the panel, thin handlers over `nb2pipe.api`."""
