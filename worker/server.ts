/** The table of routes: which path is answered by what, and who may read it. */

import type { ModelCatalogue } from './admin/models';
import type { AdminPages } from './admin/pages';
import type { Gateway, ProxiedPath } from './gateway/gateway';
import { nextRequestId } from './gateway/request-id';
import { type Access, type AccessRule, apiRefusal } from './http/access-rule';
import type { EngineApp, EngineHandler, EngineResponse } from './http/engine';
import { adminError, apiError, jsonReply, type Reply, sendReply } from './http/reply';
import { copyHead, type HeadProblem, header, headProblem, type RequestHead } from './http/request-head';

export interface ServerParts {
  access: AccessRule;
  gateway: Gateway;
  pages: AdminPages;
  models: ModelCatalogue;
  apiKeyConfigured: boolean;
  /** A handler threw: a bug. The request is answered 500, and the worker lives on. */
  onBug: (error: unknown) => void;
}

type Page = (head: RequestHead, access: Access) => Reply | Promise<Reply>;

const READ = ['GET', 'HEAD'];

export function mountRoutes(app: EngineApp, parts: ServerParts): void {
  const { pages, gateway, models } = parts;
  const page = (path: string, answer: Page) => mountPage(app, parts, path, answer);
  const proxied = (path: ProxiedPath) =>
    mount(app, parts, path, (res, req) => {
      if (req.getMethod() === 'post') gateway.handle(path, res, req);
      else
        sendReply(res, methodNotAllowed('POST', isApi(path)), { headOnly: req.getMethod() === 'head', closing: false });
    });

  page('/', () => pages.root());
  page('/api/hello', () => pages.hello());
  page('/livez', () => pages.livez());
  page('/readyz', () => pages.readyz());
  page('/health', (_head, access) => pages.health(access.level !== 'denied'));
  page('/status', (_head, access) => pages.status(access.level !== 'denied'));
  page('/metrics', (head, access) => pages.metrics(access.level !== 'denied', header(head, 'accept') ?? ''));
  proxied('/v1/messages');
  proxied('/v1/messages/count_tokens');
  page('/v1/models', (head, access) => apiPage(parts, access, () => models.list(head)));
  page('/v1/models/*', (head, access) => apiPage(parts, access, () => models.find(head, modelId(head))));
  mount(app, parts, '/*', (res, req) => {
    const path = req.getUrl();
    const message = `Not found: ${path.slice(0, 200)}`;
    sendReply(res, notFound(message), { headOnly: req.getMethod() === 'head', closing: false });
  });
}

/** An exception in a handler would end the whole process: the engine aborts. */
function mount(app: EngineApp, parts: ServerParts, path: string, handler: EngineHandler): void {
  app.any(path, (res, req) => {
    try {
      handler(res, req);
    } catch (error) {
      parts.onBug(error);
      sendReply(res, jsonReply(500, errorText('api_error', 'Internal error')), { headOnly: false, closing: true });
    }
  });
}

/** A page that is only read. */
function mountPage(app: EngineApp, parts: ServerParts, path: string, answer: Page): void {
  mount(app, parts, path, (res, req) => {
    const head = copyHead(res, req);
    const send = (reply: Reply) =>
      sendReply(res, reply, { headOnly: head.method === 'HEAD', closing: parts.gateway.draining });
    const problem = headProblem(head);
    if (!READ.includes(head.method)) send(methodNotAllowed('GET, HEAD', isApi(path)));
    else if (problem !== null) send(badHead(problem, isApi(path)));
    else {
      const reply = answer(head, parts.access.evaluate(head));
      if (reply instanceof Promise) sendLater(res, reply, send);
      else send(reply);
    }
  });
}

/** An answer that has to be waited for: the client may be gone by then. */
function sendLater(res: EngineResponse, reply: Promise<Reply>, send: (reply: Reply) => void): void {
  let gone = false;
  res.onAborted(() => {
    gone = true;
  });
  void reply.then((ready) => {
    if (!gone) send(ready);
  });
}

/** A page of the API. */
function apiPage(parts: ServerParts, access: Access, body: () => string | null): Reply {
  const id = nextRequestId();
  const refusal = apiRefusal(access.level, parts.apiKeyConfigured);
  if (refusal !== null) return apiError(refusal, id);
  const found = body();
  if (found === null) return apiError({ type: 'not_found_error', message: 'No such model' }, id);
  return jsonReply(200, found, ['request-id', id]);
}

function modelId(head: RequestHead): string {
  const text = head.path.slice('/v1/models/'.length);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isApi(path: string): boolean {
  return path.startsWith('/v1/');
}

function methodNotAllowed(allow: string, api: boolean): Reply {
  const error = { type: 'method_not_allowed_error', message: `Method not allowed; use ${allow}` } as const;
  return api ? apiError(error, nextRequestId(), ['allow', allow]) : adminError(error, ['allow', allow]);
}

function badHead(problem: HeadProblem, api: boolean): Reply {
  const type = problem.status === 431 ? 'request_header_fields_too_large' : 'invalid_request_error';
  const error = { type, message: problem.message } as const;
  return api ? apiError(error, nextRequestId()) : adminError(error);
}

function notFound(message: string): Reply {
  return apiError({ type: 'not_found_error', message }, nextRequestId());
}

function errorText(type: string, message: string): string {
  return JSON.stringify({ error: { type, message } });
}
