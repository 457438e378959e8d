/** The plugins of all areas in, the labextension out. Each area's `index.ts` exports its own. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelPlugin } from './model';
import { panelPlugin, statusPlugin } from './panel';
import { runCommandsPlugin, runsPlugin } from './runs';
import { settingsPlugin } from './settingsPlugin';
import { taggingPlugin } from './tagging';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  settingsPlugin,
  modelPlugin,
  panelPlugin,
  statusPlugin,
  runsPlugin,
  runCommandsPlugin,
  taggingPlugin
];

export default plugins;
