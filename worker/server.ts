/** The table of routes: which path is answered by what, and who may read it. */

import { apiErrorBody, type ProxyError } from '../shared/errors';
import type { ControlPages } from './admin/control';
import type { ModelCatalogue } from './admin/models';
import type { AdminPages } from './admin/pages';
import type { Drain } from './drain';
import type { Gateway } from './gateway/gateway';
import type { ProxiedPath } from './gateway/outbound';
import { nextRequestId } from './gateway/request-id';
import { type AccessLevel, type AccessRule, apiRefusal } from './http/access-rule';
import type { EngineApp, EngineHandler, EngineResponse } from './http/engine';
import {
  adminError,
  apiError as apiErrorReply,
  furtherLines,
  jsonReply,
  type Reply,
  sendReply,
  writeReply,
} from './http/reply';
import { type HeadProblem, headProblem, type KnownOfHead, RequestHead } from './http/request-head';

export interface ServerParts {
  access: AccessRule;
  gateway: Gateway;
  pages: AdminPages;
  models: ModelCatalogue;
  control: ControlPages;
  drain: Drain;
  apiKeyConfigured: boolean;
  /** A handler threw: a bug. The request is answered 500, and the worker lives on. */
  onBug: (error: unknown) => void;
}

type Page = (head: RequestHead, level: AccessLevel) => Reply | Promise<Reply>;

const READ = ['GET', 'HEAD'];
const COMMAND = ['POST'];

export function mountRoutes(app: EngineApp, parts: ServerParts): void {
  const { pages, gateway, models, control } = parts;
  const page = (path: string, answer: Page) => mountPage(app, parts, path, READ, answer);
  const command = (path: string, answer: Page) => mountPage(app, parts, path, COMMAND, answer);
  const proxied = (path: ProxiedPath) => {
    const handler: Handler = (res, head, send) => {
      if (head.method === 'POST') gateway.handle(path, res, head);
      else send(methodNotAllowed('POST', isApi(path)));
    };
    mountPost(app, parts, path, handler);
    mount(app, parts, path, handler);
  };

  page('/', () => pages.root());
  page('/api/hello', () => pages.hello());
  page('/livez', () => pages.livez());
  page('/readyz', () => pages.readyz());
  page('/health', (_head, level) => pages.health(level !== 'denied'));
  page('/status', (_head, level) => pages.status(level !== 'denied'));
  page('/metrics', (head, level) => pages.metrics(level !== 'denied', head.header('accept') ?? ''));
  command('/-/reload', (_head, level) => control.reload(level !== 'denied'));
  command('/-/scale', (head, level) => control.scale(level !== 'denied', head.query));
  proxied('/v1/messages');
  proxied('/v1/messages/count_tokens');
  proxied('/v1/chat/completions');
  page('/v1/models', (head, level) => apiPage(parts, level, () => models.list(head)));
  page('/v1/models/*', (head, level) => apiPage(parts, level, () => models.find(head, modelId(head))));
  mount(app, parts, '/*', (_res, head, send) => send(notFound(`Not found: ${head.path.slice(0, 200)}`)));
}

/** @param send to be called within the handler, or corked */
type Handler = (res: EngineResponse, head: RequestHead, send: (reply: Reply) => void) => void;

function mount(app: EngineApp, parts: ServerParts, path: string, handler: Handler): void {
  app.any(path, door(parts, { path: path.endsWith('/*') ? null : path, method: null }, handler));
}

/** For POST alone, as it is mostly spelled: what the engine has told by its choice need not be asked for. */
function mountPost(app: EngineApp, parts: ServerParts, path: string, handler: Handler): void {
  app.post(path, door(parts, { path, method: 'POST' }, handler));
}

/**
 * The door that every request comes through. A head whose framing is in doubt is refused and its connection closed:
 * what follows on it could be read as another request.
 */
function door(parts: ServerParts, known: KnownOfHead, handler: Handler): EngineHandler {
  return (res, req) => {
    parts.drain.touch();
    const head = new RequestHead(res, req, known);
    const headOnly = head.method === 'HEAD';
    const problem = headProblem(head);
    if (problem !== null) {
      refuseLater(res, () => sendReply(res, badHead(problem, isApi(head.path)), { headOnly, closing: true }));
      return;
    }
    try {
      handler(res, head, (reply) => writeReply(res, reply, { headOnly, closing: parts.drain.active }));
    } catch (error) {
      // The engine would end the whole process.
      parts.onBug(error);
      answerBug(res, headOnly);
    }
  };
}

function answerBug(res: EngineResponse, headOnly: boolean): void {
  try {
    sendReply(res, adminError({ type: 'internal_error', message: 'Internal error' }), { headOnly, closing: true });
  } catch {
    // The handler had answered before it threw: the client has what it needs.
  }
}

/**
 * An answer given at once would let the engine go on with what came in the same read. A request that arrives before the
 * one ahead of it was answered makes it close the connection.
 */
function refuseLater(res: EngineResponse, answer: () => void): void {
  let gone = false;
  res.onAborted(() => {
    gone = true;
  });
  setImmediate(() => {
    if (!gone) answer();
  });
}

/** A page that is answered from its head alone. */
function mountPage(app: EngineApp, parts: ServerParts, path: string, methods: readonly string[], answer: Page): void {
  mount(app, parts, path, (res, head, send) => {
    if (!methods.includes(head.method)) {
      send(methodNotAllowed(methods.join(', '), isApi(path)));
      return;
    }
    const reply = answer(head, parts.access.level(head));
    if (reply instanceof Promise) sendLater(res, reply, send);
    else send(reply);
  });
}

/** An answer that has to be waited for: the client may be gone by then. */
function sendLater(res: EngineResponse, reply: Promise<Reply>, send: (reply: Reply) => void): void {
  let gone = false;
  res.onAborted(() => {
    gone = true;
  });
  void reply.then((ready) => {
    if (!gone) res.cork(() => send(ready));
  });
}

/** A page of the API. */
function apiPage(parts: ServerParts, level: AccessLevel, body: () => string | null): Reply {
  const id = nextRequestId();
  const refusal = apiRefusal(level, parts.apiKeyConfigured);
  if (refusal !== null) return apiError(refusal, id);
  const found = body();
  if (found === null) return apiError({ type: 'not_found_error', message: 'No such model' }, id);
  return jsonReply(200, found, furtherLines(['request-id', id]));
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
  const lines = furtherLines(['allow', allow]);
  return api ? apiError(error, nextRequestId(), lines) : adminError(error, lines);
}

function badHead(problem: HeadProblem, api: boolean): Reply {
  const type = problem.status === 431 ? 'request_header_fields_too_large' : 'invalid_request_error';
  const error = { type, message: problem.message } as const;
  return api ? apiError(error, nextRequestId()) : adminError(error);
}

function notFound(message: string): Reply {
  return apiError({ type: 'not_found_error', message }, nextRequestId());
}

function apiError(error: ProxyError, requestId: string, lines = ''): Reply {
  return apiErrorReply(error, apiErrorBody(error, requestId), requestId, lines);
}
