/** The plugins of all areas in, the labextension out. Each area's `index.ts` exports its own. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { settingsPlugin } from './settingsPlugin';
import { taggingPlugin } from './tagging';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  settingsPlugin,
  taggingPlugin
];

export default plugins;
