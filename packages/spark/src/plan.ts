import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ExpressionSchema } from './gen/spark/connect/expressions_pb.ts'
import type { RelationSchema } from './gen/spark/connect/relations_pb.ts'

/** A relation of Spark's protocol, as plain data. */
export type Relation = MessageInitShape<typeof RelationSchema>

/** An expression of Spark's protocol, as plain data. */
export type Expression = MessageInitShape<typeof ExpressionSchema>

/** A value that may stand in a query as `:name`. */
export type Argument = number | bigint | string | boolean | Uint8Array | Float64Array

/** A value as a literal: numbers are doubles, bigints are 64-bit integers. */
export function literal(value: Argument): Expression {
  if (typeof value === 'number') return lit({ case: 'double', value })
  if (typeof value === 'bigint') return lit({ case: 'long', value })
  if (typeof value === 'string') return lit({ case: 'string', value })
  if (typeof value === 'boolean') return lit({ case: 'boolean', value })
  if (value instanceof Uint8Array) return lit({ case: 'binary', value })
  return lit({
    case: 'array',
    value: {
      elementType: { kind: { case: 'double', value: {} } },
      elements: Array.from(value, (x) => ({ literalType: { case: 'double', value: x } as const })),
    },
  })
}

type Literal = Exclude<MessageInitShape<typeof ExpressionSchema>['exprType'], undefined>
type LiteralInit = NonNullable<Extract<Literal, { case: 'literal' }>['value']['literalType']>

function lit(literalType: LiteralInit): Expression {
  return { exprType: { case: 'literal', value: { literalType } } }
}

/** A call of one of Spark's functions. */
export function callOf(functionName: string, ...functionArguments: Expression[]): Expression {
  return { exprType: { case: 'unresolvedFunction', value: { functionName, arguments: functionArguments } } }
}

/** SQL text as an expression. */
export function expression(text: string): Expression {
  return { exprType: { case: 'expressionString', value: { expression: text } } }
}

/** An expression under a name. */
export function named(name: string, expr: Expression): Expression {
  return { exprType: { case: 'alias', value: { expr, name: [name] } } }
}

/** A query over other relations, which it names, with arguments, which it names as `:name`. */
export function query(
  text: string,
  inputs: Readonly<Record<string, Relation>> = {},
  values: Readonly<Record<string, Argument>> = {},
): Relation {
  const namedArguments: Record<string, Expression> = {}
  for (const [name, value] of Object.entries(values)) namedArguments[name] = literal(value)
  const sql: Relation = { relType: { case: 'sql', value: { query: text, namedArguments } } }
  // The server makes a view of each input and drops it afterwards, and with a view it drops what is kept in memory of
  // that very plan. A filter that keeps all rows is another plan, and still reads what is kept.
  const references = Object.entries(inputs).map(
    ([alias, input]): Relation => ({
      relType: {
        case: 'subqueryAlias',
        value: { input: { relType: { case: 'filter', value: { input, condition: literal(true) } } }, alias },
      },
    }),
  )
  return references.length === 0
    ? sql
    : { relType: { case: 'withRelations', value: { root: sql, references } } }
}

/** A column's name as SQL text. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** A number as SQL text that means exactly it: parenthesised, as `v--1` would start a comment. */
export function sqlNumber(value: number): string {
  return Object.is(value, -0) ? '(-0.0D)' : `(${value.toExponential()}D)`
}
