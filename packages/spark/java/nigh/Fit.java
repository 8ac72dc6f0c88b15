package nigh;

import java.util.Arrays;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.MutableAggregationBuffer;
import org.apache.spark.sql.expressions.UserDefinedAggregateFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * One pass of a fit over blocks: {@code fit(request, block)} aggregates to the pass's answer.
 *
 * <p>Everything that is added up is a whole multiple of a grid (ARCHITECTURE.md, "Sums"), so the answer is the same for
 * any blocks, partitions and order of merging.
 */
@SuppressWarnings("deprecation") // the only kind of aggregate that a Connect client can register
public final class Fit extends UserDefinedAggregateFunction {
  private static final long serialVersionUID = 1L;

  @Override
  public StructType inputSchema() {
    return new StructType().add("request", DataTypes.BinaryType).add("block", DataTypes.BinaryType);
  }

  @Override
  public StructType bufferSchema() {
    return new StructType().add("request", DataTypes.BinaryType).add("answer", DataTypes.BinaryType);
  }

  @Override
  public DataType dataType() {
    return DataTypes.BinaryType;
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public void initialize(MutableAggregationBuffer buffer) {
    buffer.update(0, null);
    buffer.update(1, null);
  }

  @Override
  public void update(MutableAggregationBuffer buffer, Row input) {
    byte[] request = (byte[]) input.get(0);
    byte[] block = (byte[]) input.get(1);
    byte[] before = (byte[]) buffer.get(1);
    byte[] after = Passes.run(Request.of(request), new Block(block), before);
    if (before == null) buffer.update(0, Arrays.copyOf(request, 40));
    if (after != before) buffer.update(1, after);
  }

  @Override
  public void merge(MutableAggregationBuffer buffer, Row other) {
    byte[] theirs = (byte[]) other.get(1);
    if (theirs == null) return;
    byte[] ours = (byte[]) buffer.get(1);
    byte[] head = (byte[]) other.get(0);
    if (ours == null) {
      buffer.update(0, head);
      buffer.update(1, theirs.clone());
      return;
    }
    buffer.update(1, Passes.merge(head, ours, theirs));
  }

  @Override
  public Object evaluate(Row buffer) {
    return buffer.get(1);
  }
}
