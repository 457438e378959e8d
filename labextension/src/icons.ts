/** The SVG files of `style/icons` in, icons that follow the theme out. */

import { LabIcon } from '@jupyterlab/ui-components';

import pipelineSvg from '../style/icons/pipeline.svg';
import runPipelineSvg from '../style/icons/run-pipeline.svg';

export const pipelineIcon = new LabIcon({
  name: 'nb2pipe:pipeline',
  svgstr: pipelineSvg
});

export const runPipelineIcon = new LabIcon({
  name: 'nb2pipe:run-pipeline',
  svgstr: runPipelineSvg
});
