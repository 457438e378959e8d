/** Kept equal to package.json's, pyproject.toml's and nb2pipe's own version by tests/project/test_versions.py. */
export const VERSION = '0.1.0';
