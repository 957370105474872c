/** The server's endpoints, as the page uses them. */

/** @typedef {{name: string, version: string, state: string, reason: string}} IndexEntry */
/** @typedef {{name: string, datatype: string, shape: number[]}} TensorMetadata */
/** @typedef {{name: string, versions: string[], inputs: TensorMetadata[], outputs: TensorMetadata[]}} ModelMetadata */
/** @typedef {{label: string, index: number, probability: number}} Label */
/**
 * @typedef {object} Description
 * @property {string | null} dataset
 * @property {number | null} accuracy
 * @property {{channels: number, height: number, width: number, labels: number} | string} images
 * @property {Record<string, string> | null} drawings SVG by the kind of cell
 * @property {string | null} card
 * @property {string[]} samples
 */

/** An answer other than 200. */
export class ServerError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Kept in memory only: it is gone when the page is. */
let token = '';

/** @param {string} value */
export const useToken = (value) => {
  token = value;
};

/** What a command has to say so that it is let in; the token itself stays out of what is shown and copied. */
export const credentials = () => (token === '' ? '' : ' -H "Authorization: Bearer $TOKEN"');

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function request(path, options = {}) {
  const headers = { ...options.headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...options, headers }).catch(() => {
    throw new ServerError(0, 'The server does not answer.');
  });
  if (response.ok) return response;
  const text = await response.text();
  let message = text;
  try {
    message = JSON.parse(text).error ?? text;
  } catch {}
  throw new ServerError(response.status, message || `status ${response.status}`);
}

/** @param {{name: string, version: string}} model */
const pathOf = ({ name, version }) =>
  `models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;

/** @returns {Promise<{name: string, version: string}>} */
export const server = async () => (await request('/v2')).json();

/** @returns {Promise<IndexEntry[]>} */
export const index = async () => (await request('/v2/repository/index', { method: 'POST' })).json();

/**
 * @param {IndexEntry} model
 * @returns {Promise<ModelMetadata>}
 */
export const metadata = async (model) => (await request(`/v2/${pathOf(model)}`)).json();

/**
 * @param {IndexEntry} model
 * @returns {Promise<Description>}
 */
export const description = async (model) => (await request(`/page/${pathOf(model)}`)).json();

/**
 * @param {IndexEntry} model
 * @param {string} name
 */
export const sample = async (model, name) =>
  (await request(`/page/${pathOf(model)}/samples/${encodeURIComponent(name)}`)).blob();

/**
 * @param {IndexEntry} model
 * @param {Blob} image
 * @returns {Promise<Label[]>}
 */
export async function classify(model, image) {
  const response = await request(`/v2/${pathOf(model)}/classify?top=10`, {
    method: 'POST',
    headers: { 'content-type': image.type },
    body: image,
  });
  return (await response.json()).labels;
}

/**
 * @param {IndexEntry} model
 * @param {string} action
 */
export const address = (model, action) => `${location.origin}/v2/${pathOf(model)}/${action}`;
