/** The endpoints: one table, which the application serves and the OpenAPI document describes. */

import { imageFormatNames } from '../data/image-formats.ts';
import { type Handler, ok } from './call.ts';
import { classification, inference } from './handlers/inference.ts';
import {
  modelCard,
  modelConfiguration,
  modelMetadata,
  modelReady,
  modelStatistics,
} from './handlers/models.ts';
import { loadModel, repositoryIndex, unloadModel } from './handlers/repository.ts';
import { live, metrics, ready, serverMetadata } from './handlers/server.ts';
import { type Described, openApi } from './openapi.ts';

export interface Route extends Described {
  readonly handle: Handler;
  /** Whether it answers those, too, who have no token: probes have none. */
  readonly open?: boolean;
}

const description: Handler = () => ok(openApi(routes));

/** A model's endpoint, with and without a version. */
const ofModel = (route: Omit<Route, 'url'>, action: string): Route[] =>
  ['/v2/models/:model', '/v2/models/:model/versions/:version'].map((url) => ({
    ...route,
    url: url + action,
  }));

export const routes: readonly Route[] = [
  {
    method: 'GET',
    url: '/openapi.json',
    handle: description,
    summary: 'This document',
    answer: 'Document',
  },
  {
    method: 'GET',
    url: '/metrics',
    handle: metrics,
    summary: "Metrics for Prometheus, under Triton's names",
    answer: 'Text',
  },
  {
    method: 'GET',
    url: '/v2',
    handle: serverMetadata,
    summary: 'The server and the extensions of the protocol that it has',
    answer: 'ServerMetadata',
  },
  {
    method: 'GET',
    url: '/v2/health/live',
    handle: live,
    summary: 'Whether the server answers',
    answer: 'Live',
    open: true,
  },
  {
    method: 'GET',
    url: '/v2/health/ready',
    handle: ready,
    summary: 'Whether all models can be used',
    answer: 'Ready',
    open: true,
  },
  {
    method: 'GET',
    url: '/v2/models/stats',
    handle: modelStatistics,
    summary: 'What all models have done',
    answer: 'Statistics',
  },
  ...ofModel(
    {
      method: 'GET',
      handle: modelMetadata,
      summary: 'What a model takes and gives',
      answer: 'ModelMetadata',
    },
    '',
  ),
  ...ofModel(
    {
      method: 'GET',
      handle: modelReady,
      summary: 'Whether a model can be used',
      answer: 'ModelReady',
    },
    '/ready',
  ),
  ...ofModel(
    { method: 'GET', handle: modelConfiguration, summary: 'How a model is served', answer: 'ModelConfig' },
    '/config',
  ),
  ...ofModel(
    { method: 'GET', handle: modelStatistics, summary: 'What a model has done', answer: 'Statistics' },
    '/stats',
  ),
  ...ofModel(
    {
      method: 'GET',
      handle: modelCard,
      summary: 'What a model says about itself, and its card in Markdown',
      answer: 'ModelCard',
    },
    '/card',
  ),
  ...ofModel(
    {
      method: 'POST',
      handle: inference,
      summary: 'Runs a model on tensors, in JSON or in bytes',
      body: 'InferRequest',
      answer: 'InferResponse',
    },
    '/infer',
  ),
  ...ofModel(
    {
      method: 'POST',
      handle: classification,
      summary: `Labels a ${imageFormatNames} image`,
      body: 'Image',
      answer: 'Labels',
      query: { top: 'how many labels to answer, 5 where it is not given' },
    },
    '/classify',
  ),
  {
    method: 'POST',
    url: '/v2/repository/index',
    handle: repositoryIndex,
    summary: 'Every version of every model, and its state',
    body: 'IndexRequest',
    answer: 'Index',
  },
  {
    method: 'POST',
    url: '/v2/repository/models/:model/load',
    handle: loadModel,
    summary: 'Loads a model of the repository, or loads it again',
    body: 'LoadRequest',
    answer: 'Empty',
  },
  {
    method: 'POST',
    url: '/v2/repository/models/:model/unload',
    handle: unloadModel,
    summary: 'Stops serving a model',
    body: 'UnloadRequest',
    answer: 'Empty',
  },
];
