import { InputError } from 'nigh'
import { show } from 'nigh/internals'

/** Where a Spark Connect server is and how to speak to it: what an `sc://` address says. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Whether the connection is encrypted. */
  readonly secure: boolean
  /** The bearer token, or '' where there is none. */
  readonly token: string
  /** The user to act as, or '' where the server decides. */
  readonly userId: string
  /** The session to join (a UUID), or '' for one of its own. */
  readonly sessionId: string
  /** How the program names itself to the server, or ''. */
  readonly userAgent: string
  /** Further headers, sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Reads a Spark Connect address as Spark's own clients do: `sc://host:port/;name=value;…`. The port is 15002 where none
 * is given. The names `use_ssl`, `token`, `user_id`, `session_id` and `user_agent` are the client's; every other name
 * becomes a header. Values are percent-decoded. With a token the connection is encrypted unless `use_ssl=false`.
 *
 * @param token replaces the address's own token
 * @throws {InputError} E_PARAM where the address does not read, or where a token would travel unencrypted to a host that
 * is not this machine
 * @example
 * parseUrl('sc://spark.example.org/;use_ssl=true;user_id=ada')
 */
export function parseUrl(url: string, token?: string): Endpoint {
  const refuse = (rule: string, value: unknown = url): InputError =>
    new InputError('E_PARAM', 'url', `connect: url must ${rule}, got ${show(value)}`)
  if (typeof url !== 'string' || !url.startsWith('sc://')) throw refuse('start with sc://')
  const rest = url.slice('sc://'.length)
  const slash = rest.indexOf('/')
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash + 1)
  if (path !== '' && !path.startsWith(';')) throw refuse('have no path: sc://host:port/;name=value')
  const place = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(authority)
  if (place === null) throw refuse('name a host and port: sc://host:port/;name=value')
  const port = place[2] === undefined ? 15002 : Number(place[2])
  if (port < 1 || port > 65535) throw refuse('have a port from 1 to 65535', port)

  const found = new Map<string, string>()
  for (const pair of path.split(';')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    if (equals < 1) throw refuse('hold name=value pairs after /;', pair)
    found.set(decode(pair.slice(0, equals), refuse), decode(pair.slice(equals + 1), refuse))
  }
  const take = (name: string): string => {
    const value = found.get(name) ?? ''
    found.delete(name)
    return value
  }
  const ssl = take('use_ssl').toLowerCase()
  if (!['', 'true', 'false'].includes(ssl)) throw refuse('have use_ssl=true or use_ssl=false', ssl)
  const own = take('token')
  const bearer = token ?? own
  if (/[^\x21-\x7e]/.test(bearer)) throw refuse('have a token of visible ASCII characters', 'another one')
  const sessionId = take('session_id')
  if (sessionId !== '' && !uuid.test(sessionId)) throw refuse('have a UUID as session_id', sessionId)
  const host = place[1]
  const secure = ssl === 'true' || (ssl === '' && bearer !== '' && !isLoopback(host))
  if (bearer !== '' && !secure && !isLoopback(host)) {
    throw refuse(
      'use TLS (use_ssl=true) where it carries a token to another machine',
      `use_ssl=false for ${host}`,
    )
  }
  const userId = take('user_id')
  const userAgent = take('user_agent')
  // The server limits messages by itself; the client's own cap is an option of connect().
  take('grpc_max_message_size')
  const headers: Record<string, string> = {}
  for (const [name, value] of found) {
    if (!/^[A-Za-z0-9._-]+$/.test(name))
      throw refuse('have headers named by letters, digits, ., _ and -', name)
    if (/[^\x20-\x7e]/.test(value)) throw refuse('have headers of visible ASCII characters', name)
    headers[name.toLowerCase()] = value
  }
  return { host, port, secure, token: bearer, userId, sessionId, userAgent, headers }
}

/** Whether a host is this machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

function decode(text: string, refuse: (rule: string, value: unknown) => InputError): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse('be percent-encoded', text)
  }
}
