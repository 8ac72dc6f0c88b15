package nigh;

import java.util.Arrays;

/** Rows that an answer lists after its sums. */
final class Tail {
  private byte[] bytes = new byte[0];
  private int length;

  /** Adds a number and a row's numbers. */
  void add(double first, Block block, int row) {
    reserve(1 + block.d);
    Bytes.putDouble(bytes, length, first);
    block.toBytes(row, bytes, length + 8);
    length += (1 + block.d) * 8;
  }

  private void reserve(int numbers) {
    int wanted = Math.addExact(length, numbers * 8);
    if (wanted > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(wanted, Math.min(bytes.length, 1 << 29) * 2));
  }

  /** An answer with these rows after what it holds. */
  byte[] after(byte[] answer) {
    return length == 0 ? answer : joined(answer, answer.length, bytes, 0, length);
  }

  static byte[] joined(byte[] a, int aLength, byte[] b, int bFrom, int bTo) {
    byte[] out = Arrays.copyOf(a, Math.addExact(aLength, bTo - bFrom));
    System.arraycopy(b, bFrom, out, aLength, bTo - bFrom);
    return out;
  }
}
