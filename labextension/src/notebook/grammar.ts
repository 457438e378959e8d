/** The tag grammar, as `nb2pipe.notebook.tags` has it. Made by `python labextension/grammar.py`: don't edit. */

export type Role =
  'step' | 'imports' | 'functions' | 'parameters' | 'metrics' | 'skip';

/** One row of the grammar. `head` is the tag, or what stands before its first colon; `also`: other ways to write it. */
export interface ITagForm {
  readonly head: string;
  readonly form: string;
  readonly kind: 'step' | 'order' | 'role' | 'option' | 'kale';
  readonly meaning: string;
  readonly examples: readonly string[];
  readonly role: Role | null;
  readonly option: string | null;
  readonly also: readonly string[];
  readonly origin: string;
  readonly instead: string | null;
}

/** How an option is written. `pattern` must match all of the text. */
export interface IOptionForm {
  readonly option: string;
  readonly pattern: string;
  readonly allowed: string;
  readonly example: string;
}

// prettier-ignore
export const GRAMMAR: readonly ITagForm[] = [
  {"head": "step", "form": "step:NAME", "kind": "step", "meaning": "this cell starts step NAME, or goes on with it", "examples": ["step:load"], "role": null, "option": null, "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "after", "form": "after:NAME", "kind": "order", "meaning": "this step waits for step NAME, besides what the data say", "examples": ["after:load"], "role": null, "option": null, "also": ["after:NAME:NAME"], "origin": "nb2pipe", "instead": null},
  {"head": "parameters", "form": "parameters", "kind": "role", "meaning": "the constants of this cell are the pipeline's parameters", "examples": ["parameters"], "role": "parameters", "option": null, "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "imports", "form": "imports", "kind": "role", "meaning": "this cell is replayed in each later step that needs it", "examples": ["imports"], "role": "imports", "option": null, "also": ["block:imports"], "origin": "nb2pipe", "instead": null},
  {"head": "functions", "form": "functions", "kind": "role", "meaning": "the definitions of this cell are replayed in each later step that needs them", "examples": ["functions"], "role": "functions", "option": null, "also": ["block:functions"], "origin": "nb2pipe", "instead": null},
  {"head": "metrics", "form": "metrics", "kind": "role", "meaning": "the numbers printed or assigned in this cell are the run's metrics", "examples": ["metrics"], "role": "metrics", "option": null, "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "skip", "form": "skip", "kind": "role", "meaning": "this cell is not part of the pipeline", "examples": ["skip"], "role": "skip", "option": null, "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "cpu", "form": "cpu:N", "kind": "option", "meaning": "cores that the step needs", "examples": ["cpu:2", "cpu:500m"], "role": null, "option": "cpu", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "memory", "form": "memory:SIZE", "kind": "option", "meaning": "memory that the step needs", "examples": ["memory:8Gi", "memory:512Mi"], "role": null, "option": "memory", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "gpu", "form": "gpu:N", "kind": "option", "meaning": "GPUs that the step needs", "examples": ["gpu:1", "gpu:nvidia.com/gpu:1"], "role": null, "option": "gpu", "also": ["gpu:RESOURCE:N"], "origin": "nb2pipe", "instead": null},
  {"head": "retries", "form": "retries:N", "kind": "option", "meaning": "how often a failed step is tried again", "examples": ["retries:3"], "role": null, "option": "retries", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "timeout", "form": "timeout:TIME", "kind": "option", "meaning": "how long the whole step may run", "examples": ["timeout:30m", "timeout:1h30m", "timeout:90"], "role": null, "option": "timeout", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "cache", "form": "cache:on|off", "kind": "option", "meaning": "whether the step's earlier results may be used again", "examples": ["cache:off"], "role": null, "option": "cache", "also": ["cache:enabled|disabled"], "origin": "nb2pipe", "instead": null},
  {"head": "image", "form": "image:REF", "kind": "option", "meaning": "the container image of the step, on a cluster", "examples": ["image:ghcr.io/team/train:1.2"], "role": null, "option": "image", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "env", "form": "env:K=V", "kind": "option", "meaning": "an environment variable of the step", "examples": ["env:LEVEL=info"], "role": null, "option": "env", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "secret", "form": "secret:NAME/KEY=ENV", "kind": "option", "meaning": "a secret that the step gets as an environment variable, and that is never written down", "examples": ["secret:db/password=DB_PASSWORD"], "role": null, "option": "secrets", "also": ["secret:NAME:KEY:ENV"], "origin": "nb2pipe", "instead": null},
  {"head": "label", "form": "label:K=V", "kind": "option", "meaning": "a label of the step, on a cluster", "examples": ["label:team=vision"], "role": null, "option": "labels", "also": ["label:K:V"], "origin": "nb2pipe", "instead": null},
  {"head": "annotation", "form": "annotation:K=V", "kind": "option", "meaning": "an annotation of the step, on a cluster", "examples": ["annotation:docs=http://example.org:80/x"], "role": null, "option": "annotations", "also": ["annotation:K:V"], "origin": "nb2pipe", "instead": null},
  {"head": "node-selector", "form": "node-selector:K=V", "kind": "option", "meaning": "the step runs on nodes with this label, on a cluster", "examples": ["node-selector:disk=ssd"], "role": null, "option": "node_selector", "also": ["node-selector:K:V"], "origin": "nb2pipe", "instead": null},
  {"head": "tolerate", "form": "tolerate:K=V:EFFECT", "kind": "option", "meaning": "the step may run on nodes with this taint, on a cluster", "examples": ["tolerate:dedicated=gpu:NoSchedule", "tolerate:dedicated"], "role": null, "option": "tolerations", "also": ["tolerate:K", "tolerate:K=V", "tolerate:K:EFFECT"], "origin": "nb2pipe", "instead": null},
  {"head": "volume", "form": "volume:CLAIM=PATH", "kind": "option", "meaning": "a persistent volume claim of the cluster that the step finds at PATH", "examples": ["volume:team-data=/mnt/data"], "role": null, "option": "volumes", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "pull-secret", "form": "pull-secret:NAME", "kind": "option", "meaning": "the secret with which the cluster pulls the step's image", "examples": ["pull-secret:team-registry"], "role": null, "option": "pull_secrets", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "pull-policy", "form": "pull-policy:Always|IfNotPresent|Never", "kind": "option", "meaning": "when the cluster pulls the step's image", "examples": ["pull-policy:Always"], "role": null, "option": "pull_policy", "also": [], "origin": "nb2pipe", "instead": null},
  {"head": "block", "form": "block:NAME", "kind": "step", "meaning": "the same as step:NAME", "examples": ["block:load"], "role": null, "option": null, "also": [], "origin": "Kale", "instead": "step:NAME"},
  {"head": "prev", "form": "prev:NAME", "kind": "order", "meaning": "the same as after:NAME", "examples": ["prev:load", "prev:load:clean"], "role": null, "option": null, "also": ["prev:NAME:NAME"], "origin": "Kale", "instead": "after:NAME"},
  {"head": "pipeline-parameters", "form": "pipeline-parameters", "kind": "role", "meaning": "the same as parameters", "examples": ["pipeline-parameters"], "role": "parameters", "option": null, "also": [], "origin": "Kale", "instead": "parameters"},
  {"head": "pipeline-metrics", "form": "pipeline-metrics", "kind": "role", "meaning": "the same as metrics", "examples": ["pipeline-metrics"], "role": "metrics", "option": null, "also": [], "origin": "Kale", "instead": "metrics"},
  {"head": "skip-execution", "form": "skip-execution", "kind": "role", "meaning": "the same as skip", "examples": ["skip-execution"], "role": "skip", "option": null, "also": [], "origin": "nbclient", "instead": "skip"},
  {"head": "limit", "form": "limit:RESOURCE:N", "kind": "option", "meaning": "the same as cpu:N, memory:SIZE or gpu:RESOURCE:N", "examples": ["limit:nvidia.com/gpu:1", "limit:memory:8Gi"], "role": null, "option": null, "also": [], "origin": "Kale", "instead": "cpu:N, memory:SIZE, gpu:RESOURCE:N"},
  {"head": "report", "form": "report:enabled|disabled", "kind": "kale", "meaning": "nothing: a run always keeps each step's executed notebook", "examples": ["report:enabled"], "role": null, "option": null, "also": [], "origin": "Kale", "instead": null},
  {"head": "notebook", "form": "notebook:NAME", "kind": "kale", "meaning": "nothing: a pipeline is made of one notebook", "examples": ["notebook:training"], "role": null, "option": null, "also": [], "origin": "Kale", "instead": null}
];

// prettier-ignore
export const OPTIONS: readonly IOptionForm[] = [
  {"option": "cpu", "pattern": "(?=[0.]*[1-9])[0-9]{1,9}(?:\\.[0-9]{1,3})?m?", "allowed": "a number of cores such as `2`, `0.5` or `500m`", "example": "2"},
  {"option": "memory", "pattern": "(?=[0.]*[1-9])[0-9]{1,9}(?:\\.[0-9]{1,3})?(?:[KMGTPE]i|[kMGTPE])?", "allowed": "an amount such as `512Mi`, `8Gi` or `8G`", "example": "8Gi"},
  {"option": "gpu", "pattern": "(?:[a-z0-9][a-z0-9./-]{0,252}:)?0{0,3}[1-9][0-9]{0,3}", "allowed": "a number of devices such as `1`, or `nvidia.com/gpu:1`", "example": "1"},
  {"option": "retries", "pattern": "[0-9]{1,2}", "allowed": "a whole number from 0 to 99", "example": "3"},
  {"option": "timeout", "pattern": "(?=[^1-9]*[1-9])(?:[0-9]{1,8}(?:\\.[0-9]{1,3})?|(?:[0-9]{1,3}(?:\\.[0-9]{1,3})?d)?(?:[0-9]{1,4}(?:\\.[0-9]{1,3})?h)?(?:[0-9]{1,6}(?:\\.[0-9]{1,3})?m)?(?:[0-9]{1,8}(?:\\.[0-9]{1,3})?s)?)", "allowed": "a duration such as `90s`, `30m`, `1h30m` or a number of seconds", "example": "30m"},
  {"option": "cache", "pattern": "on|off|enabled|disabled", "allowed": "`on` or `off`", "example": "off"},
  {"option": "image", "pattern": "[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}", "allowed": "an image reference such as `ghcr.io/team/train:1.2`", "example": "ghcr.io/team/train:1.2"},
  {"option": "env", "pattern": "(?!NB2PIPE_)[A-Za-z_][A-Za-z0-9_]{0,254}=[^\\0]*", "allowed": "a variable and its value: `NAME=value` (names that begin with `NB2PIPE_` are taken)", "example": "LEVEL=info"},
  {"option": "secrets", "pattern": "[a-z0-9][a-z0-9.-]{0,252}(?:/[A-Za-z0-9._-]{1,253}=|:[A-Za-z0-9._-]{1,253}:)(?!NB2PIPE_)[A-Za-z_][A-Za-z0-9_]{0,254}", "allowed": "a secret's name, its key and the variable that gets it: `NAME/KEY=ENV`", "example": "db/password=DB_PASSWORD"},
  {"option": "labels", "pattern": "[A-Za-z0-9][A-Za-z0-9._/-]{0,316}[=:](?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", "allowed": "a key and a value of letters, digits, `-`, `_` and `.`: `team=vision`", "example": "team=vision"},
  {"option": "annotations", "pattern": "[A-Za-z0-9][A-Za-z0-9._/-]{0,316}[=:][^\\0]*", "allowed": "a key and any value: `owner=Ada`", "example": "docs=http://example.org:80/x"},
  {"option": "node_selector", "pattern": "[A-Za-z0-9][A-Za-z0-9._/-]{0,316}[=:](?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", "allowed": "a label that the node must have: `disk=ssd`", "example": "disk=ssd"},
  {"option": "tolerations", "pattern": "[A-Za-z0-9][A-Za-z0-9._/-]{0,316}(?:=(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?)?(?::(?:NoSchedule|PreferNoSchedule|NoExecute))?", "allowed": "a taint's key, its value if that counts, and one of `NoSchedule`, `PreferNoSchedule`, `NoExecute` if only that effect: `dedicated=gpu:NoSchedule`", "example": "dedicated=gpu:NoSchedule"},
  {"option": "volumes", "pattern": "[a-z0-9][a-z0-9.-]{0,252}=/[^\\x00-\\x1f\\x7f:/][^\\x00-\\x1f\\x7f:]{0,1022}", "allowed": "the name of a persistent volume claim and an absolute path without `:`: `team-data=/mnt/data`", "example": "team-data=/mnt/data"},
  {"option": "pull_secrets", "pattern": "[a-z0-9][a-z0-9.-]{0,252}", "allowed": "the name of a secret that holds a registry's credentials: `team-registry`", "example": "team-registry"},
  {"option": "pull_policy", "pattern": "Always|IfNotPresent|Never", "allowed": "`Always`, `IfNotPresent` or `Never`", "example": "Always"}
];

/** How many characters a step's name may have. */
export const MAX_NAME = 63;

/** What a step's name may be, for people. */
export const NAME_RULE = 'letters, digits, `_` and `-`, at most 63 characters';

/** The name of the implicit step before the first tag. */
export const START = 'start';

/** Cells of these roles are replayed where they are needed; they are no step and have no options. */
// prettier-ignore
export const REPLAYED: readonly Role[] = ["imports", "functions", "parameters"];
