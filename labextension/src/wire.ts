/** What the server extension is asked and answers. Made by labextension/wire.py: do not edit. */

/** Any JSON data. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * What analysis found. No steps where an error leaves no pipeline to speak of. `digest` tells two contents apart.
 *
 * `sound`: nothing stops a run.
 */
export type Analysis = {
  readonly digest: string;
  readonly sound: boolean;
  readonly cells: readonly CellView[];
  readonly steps: readonly StepView[];
  readonly edges: readonly Edge[];
  readonly parameters: readonly Parameter[];
  readonly problems: readonly Problem[];
  readonly took_ms: number;
};

/** A place in the notebook: `cell` is an index from 0, `line` counts from 1. */
export type At = {
  readonly cell: number;
  readonly line: number;
};

/** What this server can do. `kfp`: runs can be submitted; else `kfp_hint` says how to get there. */
export type Capabilities = {
  readonly version: string;
  readonly kfp: boolean;
  readonly kfp_hint: string;
  readonly grammar: readonly TagForm[];
  readonly name_rule: string;
  readonly local: boolean;
  readonly local_hint: string;
};

/** Where a code cell belongs. `step` is an id; None for a cell of no step (replayed, skipped, or without code). */
export type CellView = {
  readonly index: number;
  readonly position: number;
  readonly id: string | null;
  readonly section: string;
  readonly role: Role;
  readonly step: string | null;
};

/** The notebook as it is on the screen, compiled for KFP. */
export type CompileAsked = {
  readonly path: string;
  readonly content?: Json;
  readonly parameters?: { readonly [key: string]: string };
  readonly image?: string | null;
};

/** A pipeline file for KFP: `name` of the file, its text, and warnings. */
export type CompiledView = {
  readonly name: string;
  readonly content: string;
  readonly diagnostics: readonly Diagnostic[];
};

/**
 * A problem: what (`message`), where (`location`), how to fix it (`hint`).
 *
 * `code` is `N2Pxyz`; x: 1 reading and tags, 2 names, 3 order and resources, 4 values, 5 targets, 6 runs, 7 clusters,
 * 8 the server extension.
 */
export type Diagnostic = {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly location: Location;
  readonly hint: string | null;
};

/** `target` runs after `source`; `variables` cross; `reasons` are sentences for people. */
export type Edge = {
  readonly source: string;
  readonly target: string;
  readonly kind: EdgeKind;
  readonly variables: readonly string[];
  readonly reasons: readonly string[];
};

/** VARIABLE: a value crosses; ORDER: only the order matters. */
export type EdgeKind = 'variable' | 'order';

/**
 * An edit of one cell that would mend a problem. `tags`: what its tags become; or the text of `line` becomes `new`.
 *
 * `old` is that line's whole text now: where it is another by then, the fix is out of date.
 */
export type Fix = {
  readonly title: string;
  readonly cell: number;
  readonly tags: readonly string[] | null;
  readonly line: number | null;
  readonly old: string;
  readonly new: string;
};

/** Take the last results of these steps as what they would give now. */
export type FreshAsked = {
  readonly path: string;
  readonly steps: readonly string[];
  readonly content?: Json;
  readonly parameters?: { readonly [key: string]: string };
};

/** A step, and why it has to run: no reasons if `run` made results that would be taken. */
export type Freshness = {
  readonly id: string;
  readonly name: string;
  readonly reasons: readonly string[];
  readonly perhaps: boolean;
  readonly run: string;
  readonly notes: readonly string[];
};

/** All steps in notebook order. */
export type Freshnesses = {
  readonly steps: readonly Freshness[];
};

/** A number of devices of one Kubernetes resource name. */
export type Gpu = {
  readonly resource: string;
  readonly count: number;
};

/** Where a diagnostic points. `cell` is an index from 0 and is printed from 1. */
export type Location = {
  readonly notebook: string | null;
  readonly cell: number | null;
  readonly line: number | null;
  readonly step: string | null;
  readonly variable: string | null;
};

/**
 * What is to be recorded of a run after cell `cell`: numbers, unless `kind` says otherwise.
 *
 * `variable` is read from the step (a number, or a dict of numbers); None means that the cell's printed lines
 * (`label: 0.93`) are read. `parts`: other variables that belong to it. Those of a confusion matrix hold its labels,
 * or what it was made of; those of a ROC curve, whose `variable` holds the false positive rates, hold the true
 * positive rates and the thresholds.
 */
export type Metric = {
  readonly name: string;
  readonly cell: number;
  readonly variable: string | null;
  readonly kind: MetricKind;
  readonly parts: readonly string[];
};

/** What a metric is. The names of those that are no numbers are scikit-learn's functions. */
export type MetricKind = 'number' | 'confusion_matrix' | 'roc_curve';

/**
 * What happened in a run since event number `after`: the run as it is now, and what was printed meanwhile.
 *
 * `cut`: so much was printed that the first of it is left out.
 */
export type News = {
  readonly view: RunView;
  readonly printed: readonly Printed[];
  readonly cut: boolean;
};

/**
 * A notebook as it is on the screen. `content`: nbformat 4 data, outputs may be left out. None: as it is saved.
 *
 * `client`: the window that asks, by any text that is its own. A newer question of the same window about the same
 * notebook takes the place of an older one, which is refused (N2P115) if somebody still waits for it. `turn` counts a
 * window's questions: they may arrive in another order.
 */
export type NotebookAsked = {
  readonly path: string;
  readonly content?: Json;
  readonly client?: string;
  readonly turn?: number;
};

/** A notebook that was written for the user. `cell`: the position of the cell to look at. */
export type Opened = {
  readonly path: string;
  readonly cell: number;
};

/**
 * A pipeline parameter. `default` is the value that the cell gives.
 *
 * `expression` is the source of a default computed from earlier parameters (`uses`), else None: giving one of those
 * a value computes this one anew. `nullable` if None is allowed besides values of `type`.
 */
export type Parameter = {
  readonly name: string;
  readonly type: ParameterType;
  readonly default: Json;
  readonly at: At;
  readonly expression: string | null;
  readonly uses: readonly string[];
  readonly nullable: boolean;
};

/** JSON's types, under the names that people know from Python. */
export type ParameterType =
  'int' | 'float' | 'bool' | 'str' | 'list' | 'dict' | 'any';

/** Text that a cell printed: `stream` is stdout or stderr. */
export type Printed = {
  readonly at: string;
  readonly step: string;
  readonly cell: number | null;
  readonly stream: string;
  readonly text: string;
};

/** A diagnostic, with what would mend it at once. */
export type Problem = {
  readonly diagnostic: Diagnostic;
  readonly fixes: readonly Fix[];
};

/** Why something was refused: the answer to what is wrong with the input or this machine (status 4xx and 503). */
export type Problems = {
  readonly diagnostics: readonly Diagnostic[];
};

/** Whether a target answers. DENIED: it does, and refuses the login. */
export type Reach = 'ok' | 'denied' | 'away';

/** The notebook of the run that the address names. `content`: what goes on, as it is on the screen. */
export type ResumeAsked = {
  readonly path: string;
  readonly content?: Json;
};

/** What a section is for. Every section but SKIP may become a step, see `Section`. */
export type Role =
  'step' | 'imports' | 'functions' | 'parameters' | 'metrics' | 'skip';

/**
 * A run, as its events tell (`runs.events.reduce`).
 *
 * `target` as in RunStarted, `remote` and `link` as in Submitted.
 */
export type Run = {
  readonly id: string;
  readonly notebook: string;
  readonly digest: string;
  readonly state: RunState;
  readonly started_at: string;
  readonly steps: readonly StepRun[];
  readonly finished_at: string | null;
  readonly jobs: number;
  readonly pid: number | null;
  readonly parameters: { readonly [key: string]: Json };
  readonly kernel: string;
  readonly version: string;
  readonly warnings: readonly string[];
  readonly target: string;
  readonly remote: string;
  readonly link: string;
};

/**
 * A run of the notebook as it is on the screen. `target`: "" is this machine, else the name of a connection.
 *
 * `parameters`: texts as typed, by name; those left out have their defaults. `only`, `since`, `force`, `safe`,
 * `isolated`, `jobs`, `kernel` as in `nb2pipe.asked.Asked`. `image`: the image of the steps, on a cluster.
 */
export type RunAsked = {
  readonly path: string;
  readonly content?: Json;
  readonly target?: string;
  readonly parameters?: { readonly [key: string]: string };
  readonly only?: readonly string[];
  readonly since?: string | null;
  readonly force?: boolean;
  readonly safe?: boolean;
  readonly isolated?: boolean;
  readonly jobs?: number | null;
  readonly kernel?: string | null;
  readonly image?: string | null;
};

/** The notebook of the run that the address names. */
export type RunNamed = {
  readonly path: string;
};

/** KFP's words, for runs and step runs alike. */
export type RunState =
  | 'PENDING'
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'SKIPPED'
  | 'FAILED'
  | 'CANCELING'
  | 'CANCELED';

/**
 * A run. `path` of its notebook; `live`: more is to come. `metrics` of all steps.
 *
 * `has_notebook`: the notebook with all outputs is there. `next`: the number to ask for events after.
 */
export type RunView = {
  readonly run: Run;
  readonly path: string;
  readonly live: boolean;
  readonly metrics: { readonly [key: string]: number | null };
  readonly has_notebook: boolean;
  readonly next: number;
};

/** The runs of a notebook, newest first. `more`: there are older ones. */
export type Runs = {
  readonly runs: readonly RunView[];
  readonly more: boolean;
};

/** `secret:NAME/KEY=ENV`: the value travels in the environment variable ENV and is never written down. */
export type Secret = {
  readonly name: string;
  readonly key: string;
  readonly env: string;
};

/** How much a diagnostic weighs: an error stops `run`, `build` and `compile`; a warning and a note do not. */
export type Severity = 'error' | 'warning' | 'note';

/** Which steps of the notebook as it is on the screen are fresh, with these parameters (texts as typed). */
export type StatusAsked = {
  readonly path: string;
  readonly content?: Json;
  readonly parameters?: { readonly [key: string]: string };
};

/**
 * Why a step failed: one line (`message`), where, and the user's own traceback, which may hold ANSI colours.
 *
 * `cause`: error (a cell raised), exit, killed, timeout, start (the kernel did not), value (one can't leave), store,
 * damaged (a stored value is not what it was).
 */
export type StepError = {
  readonly cause: string;
  readonly message: string;
  readonly cell: number | null;
  readonly line: number | null;
  readonly traceback: string;
  readonly hint: string | null;
};

/** Options of a step. None or empty: not given. `timeout_s` is for the whole step. */
export type StepOptions = {
  readonly cpu: string | null;
  readonly memory: string | null;
  readonly gpu: Gpu | null;
  readonly retries: number | null;
  readonly timeout_s: number | null;
  readonly cache: boolean | null;
  readonly image: string | null;
  readonly env: readonly (readonly [string, string])[];
  readonly secrets: readonly Secret[];
  readonly labels: readonly (readonly [string, string])[];
  readonly annotations: readonly (readonly [string, string])[];
  readonly node_selector: readonly (readonly [string, string])[];
  readonly tolerations: readonly Toleration[];
  readonly volumes: readonly Volume[];
  readonly pull_secrets: readonly string[];
  readonly pull_policy: string | null;
};

/** A step within a run, as its events tell. */
export type StepRun = {
  readonly id: string;
  readonly name: string;
  readonly state: RunState;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly cell: number | null;
  readonly attempt: number;
  readonly error: StepError | null;
  readonly because: string | null;
  readonly values: { readonly [key: string]: Value };
  readonly metrics: { readonly [key: string]: number | null };
  readonly reused: string;
  readonly cpu_s: number;
  readonly peak_bytes: number;
};

/** A step as the panel shows it. `cells` hold code. `shares_process`: ids of the steps in one process with it. */
export type StepView = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly cells: readonly number[];
  readonly inputs: readonly VariableView[];
  readonly outputs: readonly VariableView[];
  readonly options: StepOptions;
  readonly metrics: readonly Metric[];
  readonly parameters: readonly string[];
  readonly shares_process: readonly string[];
};

/** `again`: also where the notebook has steps already. */
export type SuggestAsked = {
  readonly path: string;
  readonly content?: Json;
  readonly again?: boolean;
};

/** `tags`: all tags of each cell (index, as a text) whose tags would change. `analysis`: the notebook with them. */
export type Suggested = {
  readonly tags: { readonly [key: string]: readonly string[] };
  readonly remarks: readonly string[];
  readonly analysis: Analysis;
};

/**
 * One row of the tag grammar. `kind`: step, order, role, option or kale. `head` stands before the first colon.
 *
 * `allowed`: which values may follow it, in words. `also`: other ways to write it. `instead`: what to write in place
 * of a tag of another tool.
 */
export type TagForm = {
  readonly head: string;
  readonly form: string;
  readonly kind: string;
  readonly meaning: string;
  readonly examples: readonly string[];
  readonly allowed: string;
  readonly role: Role | null;
  readonly origin: string;
  readonly instead: string | null;
  readonly also: readonly string[];
};

/** A connection to keep. No credential: `variable` or `file` says where it is read from. */
export type TargetAsked = {
  readonly name: string;
  readonly host: string;
  readonly namespace?: string;
  readonly experiment?: string;
  readonly auth?: string;
  readonly variable?: string;
  readonly file?: string;
  readonly ca_file?: string;
  readonly ui?: string;
  readonly artifacts?: string;
};

/** How a target answered just now, in a sentence. */
export type TargetStatus = {
  readonly name: string;
  readonly reach: Reach;
  readonly message: string;
};

/** A connection, without any credential. */
export type TargetView = {
  readonly name: string;
  readonly host: string;
  readonly namespace: string;
  readonly experiment: string;
  readonly auth: string;
  readonly variable: string;
  readonly file: string;
  readonly ca_file: string;
  readonly ui: string;
  readonly artifacts: string;
};

/** All connections by name, sorted. */
export type Targets = {
  readonly targets: readonly TargetView[];
};

/** A taint of nodes that the step puts up with. `value` and `effect` None: any. */
export type Toleration = {
  readonly key: string;
  readonly value: string | null;
  readonly effect: string | null;
};

/** What a step stored under a variable's name. `object` is the store's id of the unit it is part of. */
export type Value = {
  readonly object: string;
  readonly type: string;
  readonly size_bytes: number;
};

/**
 * A variable that enters or leaves a step. `steps`: where it comes from, or who reads it (ids).
 *
 * `type` is "" where it isn't known; `size_bytes` 0 likewise. `cell`: first read, or last written.
 */
export type VariableView = {
  readonly name: string;
  readonly steps: readonly string[];
  readonly cell: number;
  readonly type: string;
  readonly size_bytes: number;
  readonly soft: boolean;
};

/**
 * A verification: `state` RUNNING, SUCCEEDED (it came to an end), FAILED or CANCELED. `lines`: its progress.
 *
 * Once it has ended, `outcome` and `problem` as in `verify.verdicts.Verification`, and a page at `report`.
 */
export type VerificationView = {
  readonly id: string;
  readonly path: string;
  readonly state: string;
  readonly lines: readonly string[];
  readonly outcome: string;
  readonly problem: string;
  readonly counts: { readonly [key: string]: number };
  readonly has_report: boolean;
};

/** A verification of the notebook as it is saved. */
export type VerifyAsked = {
  readonly path: string;
  readonly jobs?: number | null;
  readonly seeded?: boolean;
};

/** A persistent volume claim of the cluster, and the absolute path at which the step finds it. */
export type Volume = {
  readonly claim: string;
  readonly path: string;
};
