/** The views of this area, for the panel: it loads them when it is first shown. */

export { type IRunsProps, RunControls } from './controls';
export { StepDrawer } from './drawer';
export { RunsView } from './view';
