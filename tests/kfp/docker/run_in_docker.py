"""`python run_in_docker.py PIPELINE.yaml ROOT [NETWORK]`: KFP's own runner runs it, each task in a container.

They have no network, unless one of Docker's is named.
"""

from __future__ import annotations

import sys
import warnings

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from kfp import components, local

    local.init(
        runner=local.DockerRunner(network_mode=(sys.argv[3:] or ["none"])[0]),
        pipeline_root=sys.argv[2],
        raise_on_error=True,
    )
    components.load_component_from_file(sys.argv[1])()
