"""The composition root: the only place that builds objects across rooms."""
