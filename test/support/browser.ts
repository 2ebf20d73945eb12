/** A browser for programs: GraphQL over real HTTP with a cookie jar. */
export interface Browser {
  readonly cookies: Map<string, string>;
  /** Sends a document; answers the data. @throws Error with the whole answer where there are errors. */
  // Programs read answers by path; their shape is the contract's business.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  graphql(query: string, input?: Record<string, unknown>, bearer?: string): Promise<any>;
}

/** @param cookies a jar that other browsers share: one browser, before whom several nodes stand. */
export function openBrowser(url: string, publicUrl = url, cookies = new Map<string, string>()): Browser {
  return {
    cookies,
    async graphql(query, input, bearer) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          origin: publicUrl,
          ...(bearer && { authorization: `Bearer ${bearer}` }),
          ...(cookies.size > 0 && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
        },
        body: JSON.stringify({ query, variables: input && { input } }),
      });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      const body = (await response.json()) as { data?: unknown; errors?: unknown };
      if (body.errors || !body.data) throw new Error(`${response.status} ${JSON.stringify(body)}`);
      return body.data;
    },
  };
}
