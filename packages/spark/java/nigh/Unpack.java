package nigh;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;

/** The rows of a block: an array of structs of id and numbers. */
public final class Unpack implements UDF1<byte[], List<Row>> {
  private static final long serialVersionUID = 1L;

  @Override
  public List<Row> call(byte[] bytes) {
    Block block = new Block(bytes);
    long[] ids = block.ids();
    double[] rows = block.rows();
    List<Row> list = new ArrayList<>(block.n);
    for (int i = 0; i < block.n; i++) {
      Double[] numbers = new Double[block.d];
      for (int j = 0; j < block.d; j++) numbers[j] = rows[i * block.d + j];
      list.add(RowFactory.create(ids[i], numbers));
    }
    return list;
  }
}
