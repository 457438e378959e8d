"""The stage "compare": what two runs left in; a verdict for each cell, variable and file out. Nothing is run here."""
