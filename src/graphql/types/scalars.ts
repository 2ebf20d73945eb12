/** The contract's scalars. Inputs are weak (`String`, `Secret`); outputs are strong. */
import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';

const { parseValue, parseLiteral, ...dateTime } = GraphQLDateTime.toConfig();

/** RFC 3339 has four digits for the year. An offset can lead out of them, and the database follows nobody there. */
function withinYears(date: unknown): Date {
  const year = date instanceof Date ? date.getUTCFullYear() : NaN;
  if (!(year >= 1 && year <= 9999)) throw new TypeError('DateTime must lie in the years 1 to 9999, in UTC.');
  return date as Date;
}

/** An instant, written in UTC. As an input it takes RFC 3339 with an offset. */
export const DateTime = new GraphQLScalarType({
  ...dateTime,
  parseValue: (value) => withinYears(parseValue(value)),
  parseLiteral: (node: ValueNode, variables) => withinYears(parseLiteral(node, variables)),
  name: 'DateTime',
  description: 'An instant on the UTC time line, as an RFC 3339 date-time with an offset.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (value) => (value instanceof Date ? value : new Date(value as string)).toISOString(),
});

export const EmailAddress = stringScalar(
  'EmailAddress',
  'An email address in the form the account owner verified. Output only: inputs take `String`, so that a mistyped address is answered with `InvalidInputProblem` and not with a request error.',
  'https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address',
);

export const PhoneNumber = stringScalar(
  'PhoneNumber',
  'A telephone number in E.164 form, such as `+4712345678`. Output only; inputs take `String`.',
  'https://www.itu.int/rec/T-REC-E.164',
);

export const IPAddress = stringScalar('IPAddress', 'An IPv4 or IPv6 address in its canonical text form.');

/**
 * Never throws on input (a malformed secret is answered inside the result union, never repeated in an error message):
 * what is not a string becomes the empty string, which no secret matches.
 */
export const Secret = new GraphQLScalarType({
  name: 'Secret',
  description:
    'A secret string: a password, a code, or a bearer token issued by this service. Clients must not log, persist, or place it in a URL. The service accepts any string here without a format check, so that a malformed secret is answered inside the result union and never repeated in an error message.',
  serialize: String,
  parseValue: (value) => (typeof value === 'string' ? value : ''),
  parseLiteral: (node) => (node.kind === Kind.STRING ? node.value : ''),
});

export const WebAuthnCreationOptions = jsonScalar(
  'WebAuthnCreationOptions',
  'Options for creating a passkey: the JSON form of the WebAuthn creation options. Hand it to `PublicKeyCredential.parseCreationOptionsFromJSON()`.',
  'https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson',
);

export const WebAuthnRequestOptions = jsonScalar(
  'WebAuthnRequestOptions',
  'Options for using a passkey: the JSON form of the WebAuthn request options. Hand it to `PublicKeyCredential.parseRequestOptionsFromJSON()`.',
  'https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson',
);

export const WebAuthnRegistration = jsonScalar(
  'WebAuthnRegistration',
  'The answer of an authenticator to creation options: `toJSON()` of the new credential.',
  'https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson',
);

export const WebAuthnAssertion = jsonScalar(
  'WebAuthnAssertion',
  'The answer of an authenticator to request options: `toJSON()` of the credential used.',
  'https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson',
);

function stringScalar(name: string, description: string, specifiedByURL?: string): GraphQLScalarType {
  return new GraphQLScalarType({
    name,
    description,
    specifiedByURL: specifiedByURL ?? null,
    serialize: String,
    parseValue: String,
  });
}

/** A JSON object whose shape the WebAuthn library checks; literals are refused, since it may hold a secret. */
function jsonScalar(name: string, description: string, specifiedByURL: string): GraphQLScalarType {
  return new GraphQLScalarType({
    name,
    description,
    specifiedByURL,
    serialize: (value) => value,
    parseValue: (value) => (typeof value === 'object' && value !== null ? value : {}),
    parseLiteral: () => ({}),
  });
}
