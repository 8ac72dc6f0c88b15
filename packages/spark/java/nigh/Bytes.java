package nigh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Numbers in byte arrays, little-endian: how blocks, requests and answers travel. */
final class Bytes {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle DOUBLES =
      MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

  private Bytes() {}

  static int getInt(byte[] bytes, int at) {
    return (int) INTS.get(bytes, at);
  }

  static void putInt(byte[] bytes, int at, int value) {
    INTS.set(bytes, at, value);
  }

  static long getLong(byte[] bytes, int at) {
    return (long) LONGS.get(bytes, at);
  }

  static double getDouble(byte[] bytes, int at) {
    return (double) DOUBLES.get(bytes, at);
  }

  static void putDouble(byte[] bytes, int at, double value) {
    DOUBLES.set(bytes, at, value);
  }

  static void addDouble(byte[] sums, int at, double value) {
    DOUBLES.set(sums, at, (double) DOUBLES.get(sums, at) + value);
  }

  static void putLong(byte[] bytes, int at, long value) {
    LONGS.set(bytes, at, value);
  }

  static double[] getDoubles(byte[] bytes, int at, int count) {
    double[] values = new double[count];
    getDoubles(bytes, at, values, 0, count);
    return values;
  }

  static void getDoubles(byte[] bytes, int at, double[] values, int from, int count) {
    ByteBuffer.wrap(bytes, at, count * 8).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values, from, count);
  }

  static void putDoubles(byte[] bytes, int at, double[] values, int from, int count) {
    ByteBuffer.wrap(bytes, at, count * 8).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().put(values, from, count);
  }

  static long[] getLongs(byte[] bytes, int at, int count) {
    long[] values = new long[count];
    ByteBuffer.wrap(bytes, at, count * 8).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
    return values;
  }

  static void putLongs(byte[] bytes, int at, long[] values, int from, int count) {
    ByteBuffer.wrap(bytes, at, count * 8).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(values, from, count);
  }

  /** A fingerprint of the first bytes, a multiple of 8 of them. */
  static long fingerprint(byte[] bytes, int length) {
    long hash = length * 0x9e3779b97f4a7c15L;
    for (int at = 0; at < length; at += 8) {
      hash = (hash ^ getLong(bytes, at)) * 0xff51afd7ed558ccdL;
      hash ^= hash >>> 32;
    }
    return hash ^ (hash >>> 29);
  }
}
