"""What runs in a step's pod: what KFP tells it in, its artifacts out."""
