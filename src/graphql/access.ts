/** Who may call what, and how often. Decorators declare; this file alone decides; a root field without a word is forbidden. */
import {
  defaultFieldResolver,
  isObjectType,
  isUnionType,
  getNamedType,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql';
import { Extensions } from 'type-graphql';
import { scopesOf } from '../accounts/roles.js';
import type { Context } from '../base/context.js';
import { problem, rateLimited, Refusal } from '../base/problems.js';
import type { EdgeContext } from './edge-context.js';
import type { Limiter, LimitRule } from './limiter.js';

/**
 * - `public`: anyone.
 * - `account`: a person signed in.
 * - `fresh`: a person who proved who they are within `REAUTH_TTL`; others get `ReauthenticationProblem`.
 * - `scopes`: staff or a service with every scope of at least one of the lists.
 */
export type AccessRule =
  'public' | 'account' | 'fresh' | { readonly scopes: readonly (readonly string[])[]; readonly fresh?: true };

export const Access = (rule: AccessRule): MethodDecorator & PropertyDecorator => Extensions({ access: rule });

/** Limits at the door, all of them counted; the first that is full answers. */
export const Limit = (...rules: LimitRule[]): MethodDecorator & PropertyDecorator => Extensions({ limits: rules });

type WhenRefused = (ctx: EdgeContext, args: Record<string, unknown>) => Promise<void>;

/** What is done when a limit turns a call away, before it is answered. */
export const WhenRefused = (remember: WhenRefused): MethodDecorator => Extensions({ whenRefused: remember });

/** Under this key an object has what is done before the answer of any of its fields that declare a rule. */
export const beforeGuarded = Symbol('beforeGuarded');

interface Watched {
  readonly [beforeGuarded]?: () => Promise<void>;
}

interface FieldExtensions {
  readonly access?: AccessRule;
  readonly limits?: readonly LimitRule[];
  readonly whenRefused?: WhenRefused;
}

/**
 * Puts the guard in front of every root field and of every field that declares a rule. Not a global middleware: that
 * would run for each field of each object, at a third of the speed.
 */
export function guardSchema(schema: GraphQLSchema, limiter: Limiter): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    const isRoot = roots.includes(type);
    for (const field of Object.values(type.getFields())) {
      const rules = field.extensions as FieldExtensions;
      if (!isRoot && !rules.access) continue;
      const answersProblems = isUnionOf(getNamedType(field.type));
      field.resolve = guarded(field.resolve ?? defaultFieldResolver, rules, limiter, answersProblems);
    }
  }
  return schema;
}

type Resolve = GraphQLFieldResolver<unknown, EdgeContext>;

function guarded(
  resolve: Resolve,
  { access, limits = [], whenRefused }: FieldExtensions,
  limiter: Limiter,
  answersProblem: (name: string) => boolean,
): Resolve {
  return async (source, args, ctx, info) => {
    authorize(access, ctx);
    const wait = await limiter.waitFor(limits, ctx, args as Record<string, unknown>);
    if (wait !== null) {
      await whenRefused?.(ctx, args as Record<string, unknown>);
      if (answersProblem('RateLimitProblem')) return rateLimited(wait);
      throw new Refusal('RATE_LIMITED', 'Too many requests. Wait a little, then try again.', wait);
    }
    if (needsFresh(access) && ctx.actor.kind === 'person' && !ctx.actor.isFresh) {
      return problem('REAUTHENTICATION_REQUIRED');
    }
    await (source as Watched | null | undefined)?.[beforeGuarded]?.();
    return resolve(source, args, ctx, info);
  };
}

/** @throws Refusal `UNAUTHENTICATED` or `FORBIDDEN`, the same way a router reports it. */
export function authorize(access: AccessRule | undefined, ctx: Context): void {
  if (access === undefined) throw new Refusal('FORBIDDEN', 'This field is not open to anyone.');
  if (access === 'public') return;
  if (ctx.actor.kind === 'nobody') throw new Refusal('UNAUTHENTICATED', 'Sign in first.');
  if (access === 'account' || access === 'fresh') {
    if (ctx.actor.kind !== 'person') throw new Refusal('FORBIDDEN', 'This is for people, not for services.');
    return;
  }
  const held = scopesOf(ctx.actor, ctx.config);
  if (!access.scopes.some((all) => all.every((scope) => held.includes(scope)))) {
    ctx.log.warn({
      event: 'access_refused',
      requestId: ctx.origin.requestId,
      actor: ctx.actor.kind === 'person' ? ctx.actor.accountId : `${ctx.actor.kind}:${ctx.actor.name}`,
      client: ctx.origin.ip,
      result: 'failure',
      needed: access.scopes,
    });
    throw new Refusal('FORBIDDEN', 'This needs rights that this session does not have.');
  }
}

const needsFresh = (access: AccessRule | undefined): boolean =>
  access === 'fresh' || (typeof access === 'object' && access.fresh === true);

const isUnionOf =
  (type: unknown) =>
  (name: string): boolean =>
    isUnionType(type) && type.getTypes().some((member) => member.name === name);
