// Nothing is styled at JupyterLab's start: each part imports its own file when it is first shown.
