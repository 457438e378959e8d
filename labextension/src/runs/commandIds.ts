/** The names of this area's commands. */

/** Each can be called with arguments by scripts: `steps` are step ids, `run` is a run's id. */
export const CommandIDs = {
  run: 'nb2pipe:run',
  runSelected: 'nb2pipe:run-selected',
  runFromHere: 'nb2pipe:run-from-here',
  runStepOnly: 'nb2pipe:run-step-only',
  manner: 'nb2pipe:run-manner',
  stop: 'nb2pipe:stop',
  resume: 'nb2pipe:resume',
  verify: 'nb2pipe:verify',
  compile: 'nb2pipe:compile',
  showRuns: 'nb2pipe:show-runs',
  openOutput: 'nb2pipe:open-step-output',
  debug: 'nb2pipe:debug-step',
  targets: 'nb2pipe:targets',
  chooseTarget: 'nb2pipe:choose-target'
} as const;
