import { InputError } from 'nigh'
import { describe, expect, it } from 'vitest'
import { parseUrl } from './url.ts'

describe('parseUrl', () => {
  it('reads addresses as Spark’s own clients do', () => {
    expect(parseUrl('sc://localhost')).toEqual({
      host: 'localhost',
      port: 15002,
      secure: false,
      token: '',
      userId: '',
      sessionId: '',
      userAgent: '',
      headers: {},
    })
    expect(
      parseUrl(
        'sc://spark.example.org:443/;use_ssl=true;token=a%2Bb;user_id=ada;user_agent=me;x-team=blue%20one;session_id=0e5f5a44-9b5c-4a6f-8d2a-6a1c2f6f5a10',
      ),
    ).toEqual({
      host: 'spark.example.org',
      port: 443,
      secure: true,
      token: 'a+b',
      userId: 'ada',
      sessionId: '0e5f5a44-9b5c-4a6f-8d2a-6a1c2f6f5a10',
      userAgent: 'me',
      headers: { 'x-team': 'blue one' },
    })
    expect(parseUrl('sc://[::1]:7077/')).toMatchObject({ host: '[::1]', port: 7077 })
    expect(parseUrl('sc://h/;;user_id=a;')).toMatchObject({ userId: 'a' })
  })

  it('encrypts where a token leaves this machine', () => {
    expect(parseUrl('sc://far.example.org', 'secret')).toMatchObject({ secure: true, token: 'secret' })
    expect(parseUrl('sc://far.example.org/;token=old', 'new')).toMatchObject({ secure: true, token: 'new' })
    expect(parseUrl('sc://127.0.0.1', 'secret')).toMatchObject({ secure: false })
    expect(parseUrl('sc://localhost/;token=x')).toMatchObject({ secure: false })
    expect(() => parseUrl('sc://far.example.org/;use_ssl=false', 'secret')).toThrow('use TLS')
    // A name that only begins like this machine's is another machine.
    expect(() => parseUrl('sc://127.0.0.1.example.org/;use_ssl=false', 'secret')).toThrow('use TLS')
    expect(() => parseUrl('sc://localhost.example.org/;use_ssl=false', 'secret')).toThrow('use TLS')
  })

  it('never shows a token', () => {
    const error = (() => {
      try {
        return parseUrl('sc://far.example.org/;use_ssl=false;token=topsecret')
      } catch (caught) {
        return caught
      }
    })()
    expect(String(error)).not.toContain('topsecret')
  })

  for (const [url, rule] of [
    ['http://localhost', 'start with sc://'],
    ['sc://', 'name a host'],
    ['sc://user@host', 'name a host'],
    ['sc://host:0', 'a port from 1 to 65535'],
    ['sc://host:99999', 'a port from 1 to 65535'],
    ['sc://host/path', 'have no path'],
    ['sc://host/;novalue', 'name=value'],
    ['sc://host/;use_ssl=yes', 'use_ssl'],
    ['sc://host/;session_id=1', 'UUID'],
    ['sc://host/;user_id=%zz', 'percent-encoded'],
    ['sc://host/;x-evil=a%0d%0ab', 'visible ASCII'],
    ['sc://host/;a%20b=1', 'headers named by'],
  ] as const) {
    it(`refuses ${url}`, () => {
      expect(() => parseUrl(url)).toThrow(InputError)
      expect(() => parseUrl(url)).toThrow(rule)
    })
  }
})
