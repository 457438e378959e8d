/** The plugin of the panel: in the side bar, in the main area, in the status bar, and its commands. */

import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { Client } from '../client';
import { INb2pipeSettings } from '../settingsPlugin';
import { IPipelines } from '../tokens';
import { addGraphCommands, addViewCommands, type IPlaces } from './commands';
import { Server } from './server';
import { PanelState } from './state';
import { PipelineStatus } from './status';
import { CommandIDs, type IServices } from './view';
import { PipelinePanel } from './widget';

const SIDE_ID = 'nb2pipe-panel';
/** Three steps side by side have room. */
const SIDE_WIDTH = '340px';
const MAIN_ID = 'nb2pipe-panel-main';
const IN_PALETTE = [
  CommandIDs.toggle,
  CommandIDs.openMain,
  CommandIDs.analyse,
  CommandIDs.explainEdge,
  CommandIDs.exportGraph,
  CommandIDs.showProblems
];

/** The panel. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nb2pipe-lab:panel',
  description: 'The pipeline of the notebook, beside it.',
  autoStart: true,
  requires: [IPipelines, INb2pipeSettings],
  optional: [
    ILabShell,
    ILayoutRestorer,
    ICommandPalette,
    IRenderMimeRegistry,
    IStateDB,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    settings: INb2pipeSettings,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    rendermime: IRenderMimeRegistry | null,
    stateDB: IStateDB | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nb2pipe');
    const client = new Client(app.serviceManager.serverSettings);
    const state = new PanelState(stateDB);
    state.restore().catch(console.warn);
    const services: IServices = {
      pipelines,
      state,
      settings,
      trans,
      rendermime,
      server: new Server(client, trans),
      commands: app.commands
    };
    pipelines.currentChanged.connect(() => {
      state.select(null);
      app.commands.notifyCommandChanged();
    });
    const side = new PipelinePanel(services, SIDE_ID);
    // here, since the style comes later: the side bar asks for this when the panel is put into it
    side.node.style.minWidth = SIDE_WIDTH;
    app.shell.add(side, 'right', { rank: 300, type: 'Pipeline' });
    restorer?.add(side, SIDE_ID);
    const places = placesOf(app, labShell, side, services);
    addViewCommands(services, places);
    addGraphCommands(services, places);
    const category = trans.__('Pipeline');
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category });
    }
  }
};

/** Notebook 7 has a right area as well, and no way to ask whether it is open but the widget itself. */
function placesOf(
  app: JupyterFrontEnd,
  labShell: ILabShell | null,
  side: PipelinePanel,
  services: IServices
): IPlaces {
  const show = () => app.shell.activateById(side.id);
  return {
    show,
    isShown: () => side.isVisible,
    toggle: () => {
      if (!side.isVisible) {
        show();
      } else if (labShell) {
        labShell.collapseRight();
      } else {
        const area = side.parent?.parent;
        area?.hide();
      }
    },
    openMain: () => {
      // eslint-disable-next-line jupyter/require-disposable-transfer -- the shell owns what it is given
      const main = mainOf(app) ?? makeMain(services);
      if (!main.isAttached) {
        app.shell.add(main, 'main', { mode: 'split-right' });
      }
      app.shell.activateById(main.id);
    }
  };
}

function mainOf(app: JupyterFrontEnd) {
  for (const widget of app.shell.widgets('main')) {
    if (widget.id === MAIN_ID) {
      return widget;
    }
  }
  return null;
}

function makeMain(services: IServices): MainAreaWidget<PipelinePanel> {
  const content = new PipelinePanel(services, `${MAIN_ID}-content`);
  const main = new MainAreaWidget({ content });
  main.id = MAIN_ID;
  main.toolbar.hide();
  main.title.label = services.trans.__('Pipeline');
  main.title.closable = true;
  return main;
}

/** The item in the status bar, where there is one. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nb2pipe-lab:status',
  description: 'How the pipeline of the notebook stands, in the status bar.',
  autoStart: true,
  requires: [IPipelines],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nb2pipe');
    const changed = new Signal<object, void>(pipelines);
    pipelines.currentChanged.connect(() => changed.emit());
    statusBar?.registerStatusItem(statusPlugin.id, {
      item: new PipelineStatus({ pipelines, commands: app.commands, trans }),
      align: 'left',
      rank: 50,
      isActive: () => pipelines.current !== null,
      activeStateChanged: changed
    });
  }
};
