/** The plugins of all areas in, the labextension out. Each area's `index.ts` exports its own. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { settingsPlugin } from './settingsPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [settingsPlugin];

export default plugins;
