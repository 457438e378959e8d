"""`python run_in_docker.py PIPELINE.yaml ROOT`: KFP's own runner runs it, each task in a container without network."""

from __future__ import annotations

import sys
import warnings

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from kfp import components, local

    local.init(runner=local.DockerRunner(network_mode="none"), pipeline_root=sys.argv[2], raise_on_error=True)
    components.load_component_from_file(sys.argv[1])()
