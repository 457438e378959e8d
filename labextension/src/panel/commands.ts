/** The panel's services in; its commands out, for palette, menus, shortcuts and scripts. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { pipelineIcon } from '../icons';
import { TABS } from './state';
import { CommandIDs, type IServices } from './view';

/** How the panel comes on the screen: JupyterLab and Notebook 7 differ. */
export interface IPlaces {
  toggle(): void;
  show(): void;
  isShown(): boolean;
  openMain(): void;
}

/** Descriptions of arguments, as JSON schemas. */
function describedBy(properties: ReadonlyJSONObject): {
  args: ReadonlyJSONObject;
} {
  return { args: { type: 'object', properties } };
}

/** Those that show something. */
export function addViewCommands(services: IServices, places: IPlaces): void {
  const { commands, trans, state } = services;
  commands.addCommand(CommandIDs.toggle, {
    label: trans.__('Pipeline Panel'),
    caption: trans.__('Show or hide the pipeline of the notebook'),
    icon: pipelineIcon,
    isToggleable: true,
    isToggled: () => places.isShown(),
    describedBy: describedBy({ show: { type: 'boolean' } }),
    execute: args => {
      if (args['show'] !== places.isShown()) {
        places.toggle();
      }
    }
  });
  commands.addCommand(CommandIDs.openMain, {
    label: trans.__('Open the Pipeline in the Main Area'),
    describedBy: describedBy({}),
    execute: () => places.openMain()
  });
  commands.addCommand(CommandIDs.showTab, {
    label: args =>
      args['tab'] === 'problems'
        ? trans.__('Show Problems')
        : trans.__('Show the Pipeline'),
    describedBy: describedBy({ tab: { type: 'string', enum: [...TABS] } }),
    execute: args => {
      state.tab = TABS.find(tab => tab === args['tab']) ?? state.tab;
      places.show();
    }
  });
  commands.addCommand(CommandIDs.showProblems, {
    label: trans.__('Show Problems of the Pipeline'),
    describedBy: describedBy({}),
    execute: () => commands.execute(CommandIDs.showTab, { tab: 'problems' })
  });
}

/** Those that need a notebook. */
export function addGraphCommands(services: IServices, places: IPlaces): void {
  const { commands, trans, pipelines, state } = services;
  const analysis = () => pipelines.current?.analysis ?? null;
  const isEnabled = () => (analysis()?.steps.length ?? 0) > 0;
  commands.addCommand(CommandIDs.analyse, {
    label: trans.__('Look at the Notebook Again'),
    caption: trans.__('Also at files and modules beside it'),
    isEnabled: () => pipelines.current !== null,
    describedBy: describedBy({}),
    execute: () => pipelines.current?.refresh()
  });
  commands.addCommand(CommandIDs.explainEdge, {
    label: trans.__('Explain a Dependency…'),
    isEnabled,
    describedBy: describedBy({
      source: { type: 'string', description: trans.__('Id of a step') },
      target: { type: 'string', description: trans.__('Id of a step') }
    }),
    execute: async args => {
      const known = analysis();
      if (!known) {
        return;
      }
      const { edgeAsked } = await import('./asking');
      const edge = await edgeAsked(known, args, services);
      if (edge) {
        places.show();
        state.explain({ source: edge.source, target: edge.target });
      }
    }
  });
  commands.addCommand(CommandIDs.exportGraph, {
    label: trans.__('Export the Graph…'),
    isEnabled,
    describedBy: describedBy({
      format: { type: 'string', enum: ['svg', 'mermaid'] }
    }),
    execute: async args => {
      const current = pipelines.current;
      const known = analysis();
      const { formatAsked } = await import('./asking');
      const format = await formatAsked(args, services);
      if (!current || !known || !format) {
        return;
      }
      const { exported } = await import('../graph/exporting');
      return exported(format, known, current.path, services);
    }
  });
}
