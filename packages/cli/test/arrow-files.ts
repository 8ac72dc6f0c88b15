/**
 * An Arrow file as pyarrow 26.0.1 writes it, in two batches, its buffers plain or packed; deflated, in base64.
 * 40 rows: x = row % 4; view: text views, "s…" in even rows, beyond 12 bytes in odd ones, missing in every tenth;
 * price: decimal128(20, 2), (row · 25 − 300) / 100, missing where row % 9 is 8; wide: decimal256(40, 2), −row / 4;
 * id: int64, 2^53 + 1 + row; uuid: 16 bytes, of no use here.
 */
export const arrowFiles = {
  plain:
    'eNrtWU1oFGcY/mZ3dneSTLJrEuOqiRljEgVzSHIKUswKLZQqFL3EQwWbZA+R0kaz5gcLDXhpe2k8VDx4EHuxFysUTz3ZiwFBPHiqB/Wk' +
    'B0WhgrQ1mX7fzDMk82R33ii0QfGBmWefeb73/X5mJ/t+kwNHjnw6MqCUr/GtpVRBGdQrV2VVRjn6k4Zla620cvTZxlnpFkr16Zgnmq/p' +
    'Y1IfQ/BeLfu+DsybfO24psCnT0+Mm2hHK5PDtOnzg/Ypbp/Sh2nt6BE4Khf0bUZU0qfjYUzOxHjUx8zEeNnMoxCM1w3msQf5lB7zxRqx' +
    'GTOPUxNjZRX2aWPWrYi9G8YVq81reqI8E362A13QUY6eYS5YvQLW1kobLq6K1cNRs8F6ZIP1MD2Z+3HJCvs1cFUb7ogbZFNpO+i/1IAG' +
    'qknrAu6Oq1WYuBvru1WtwMIRoVHVxiJxBnwHvIBEx1O4Dt1vx9sP2fH2ixnqB9pLh/zYifuRjsZxrS7uR3ph1cSyNG+1SqcErdap43g+' +
    'jA+lkJzS2+L7Sy/vf4N1mOpfiejQx+depaxWrdPUYHW/I/IHqvv7hPwjVfIzkvJXhPznhPFfFfLfqpK/6vhq5H8s5M9Ya/Mbb7bijZbn' +
    'vvpy3KvMlL+YLnujc5XyVJ83kGT2J5mDb5x2cAMG1L8BA/qv1tZfXvrnpfkdWfZjeEo6G5d+J+kh0odJnyB9ljR/b6+Tf5v0IyGe/y7y' +
    'I3yQ9LhKxnnSv9T4XYrwkPTfpFusuO6z1GuB5+8L68W4LvgXBf+s4J8Q/MOCPyT4nYKfFXz+fjPuCv5vgn9Z8L8T/EnBHxH8/YLfI/iu' +
    '4P+5lOz/Ifg3BP+K4IePi4c6yVNpsA3OgLPgHNgB14HrwQ1gF9wIbgLnwQXwJnAzuAXcCt4MbgNvARfBW8EMi5AipAk2IUPIEnIEh1BH' +
    'qCc0EFxCI6GJkCcUCJsIzYQWQithM6GNsIVQJKx3nzOfW98+J/+G+5xZ4mg/MB9VzuBJK77PKaXj7T9Ox9tH+x5F+gHii9m4H+loHAvk' +
    'R/q5iu9z8jSfPM2jllbr1Bu1P3k2vLZO7rKS6+xha22dXbVOr7FP+EzIP2cl1/HnreT8v1ryPud93f9u1f1LZ8L7+pFQd86Qv0D6Z9K/' +
    'k75H+gXpxlRc96aSx3OU/JOkvyf9E+kfhLpiWvCPCf6Hgr9X8JsF/69Xyf4Dwb8p+FcF/0fB/1rwxwT/E8EfEPxtqKu2g9vBHeAd4E6w' +
    'B94J7gLvAneDe8C94N3gPVE9R9hG2E5oJ3QQdhA6CR5hJ6GLsIvQTegh9BJ2E6I9dyGoelqDt8WuVi7ePh/S5w/wTtk8ghfw3F+J6hS8' +
    'J55vil9fqavev9//P9/vL+qLB4L/vfwLc/y/wQ==',
  lz4:
    'eNrtl0toHVUYx78z9zGTeyeZSXJ7c5O5yUySJik2kJuIkAbx3vhA8YFpQFJBJba5YEKx0aR5oNDYii8E24XFRZViN3VTA1IQXFjdGCiU' +
    'LrIQXRhXdWExoFDUJuP/mzkjM2NCIoJuPPD7zvnOOd95zz+5w6Ojj4/1E7lIbwgikzhlSKc0pUhDCUkk4RM8DTYpLaEHUS9ifkS+DKbB' +
    'oGy7vem6CDR4vKKsI5kfPz45wdEaPB6D+/S6Xn8l3l8B3FvDCjRSvbl5RRWYcT9G5RgnNsf85ESV92F669W9feyT4xHWfG6b2BTv48XJ' +
    'I1Xy50zKXedk7KofV9hqX3OT1Xm/nPR8E1Eadqh6p2fKsxUJzguhWCyHFrzzSHvnwTPxfSwLf15OOrXIG9G90SiR9Na9lqBQqkNdTu7Y' +
    'hIc4jFGSe+d5m0O9hYT+3IO/7lraPt0l80GZF2V+SOYXwoPz3Ul3WkT7n5b++9IvKdF5Av8D6V+PtQf+a8H8iWh74L8SqkvH9k8hX9nB' +
    'p136K8FZdjxWGK+cbPO6COpcLxvUUNGoUcOrV8hw6ORIOC4VjYO75G7c+u4Exc5Ltr/NnxGvcaaE0V9tRelZZ7ZaTwIPYKCOMngbveyY' +
    '/S2kKPyOkhXKDTlkjFMyN+aQOk66wl5Nbrbi157xarXzlLuEfldQczXoJ877XX7wu3am8AEul7Z4H9ej6xxF0a3jpS3MOoeri8een3Bm' +
    '56tH56rO4cXZ6kyv099KNXaJzQCMMUYZY4h6jDOA86vwg7oOkR7xQnY4t82N329tc278XA6sbrqCrJsmNafbqOS6dopUhZoGdb5286Dv' +
    'TfneKc+zcMhNl4tezTW//YbXni3TfmquJ2vAJOsRMGHycVlnUfUx3BXwPfjNpDsaRT3le02K3LuTiKzvdRRtTKb33cAas/Y1m7J97mWH' +
    'dPscm1NsptgcZDPIxmaThum7udmOmFX2P2PzIZs32UyzGWNzD5suNjqH/LxREVn7G/a/YHMRNz7C4uNu+Z6P8ZIFFlhySFHpPuhNAo86' +
    'CVIgDVT/kTfWgAzIAh3UgjpgABPUgwbQCHJgD8iDJlDQaMn/spyt73EKRb4USwAFJEASpEAaqEADNSADsgBaaNWCOmAAE9SDBtAIcmAP' +
    'yIMmQfmCoJECp9B97VaX15W/p8vGP9TlAzKvxHRpXObzMv+aorr8kIj2f05E9fyKiM4T+Ed30O1ngnuLtQf+kzFdNmL7MWI6vJ1Pu/QX' +
    'ou+4A0WIJbWvl1W+h0qK7sQf/ECbh/gb1SqheCUaD3fpp3KofT3azse+rgayzA0dwh9kBuoMQdbwIMoONfQXyYC8Qk7zpRaeMveUVONF' +
    'X41Rc1aq9ideDcRn5L/T2y3OYeOl7c9hGMXyAywYGWveIes0tPAj8CX4FvwCXaxVTpDV7evmIfR5AfVvmZS/EJbKteg+n+Bx39mARmbs' +
    'Odatp9ncz2Y/mwbWtl9vf06ZPneNK75ic4nNu2xeZnOEzcNs+mOq95f38iBLUYuve5ave0XoVCtoAzZwQDvoAJ1gL+gC3aAHerYvomex' +
    'c7qX9awZutMCLFAEraAN2ACia7UDPCOrE+wFXaAbOtUDnerhFNMpktqiQ3vSUnt0qSiPwt4t/wflO31Pnu+nMg/+ryyp0fqwrv3/e+Df' +
    '+z2wgsph77faH8NmVpU=',
  zstd:
    'eNrtVm9sFEUUfzO7t3fgXu/6R7hr79qlUnrai+6dIqUQeqUt8R/S8sEisclB70xLVEp71z/RxIMaqURrjYp8oElBP2CitcY0GvhySE0b' +
    'DeZiKhqtseIHMFC8RA1RuK4ze7PXvW0ba6J+cjY7b38z7817vzc7L1Ozc+eOJh+AQlo/ArADbStBBAFMYCFfpCGeYCDIQnqe9UA0ALzE' +
    '5iqRo+RtJ28lm7s5pyjE0EbXc7ExYDIabQtRawtBdA2q41VUfWzUx+Sl2hYSgQXMqm8aUYB0wbSNmdpIBh/dbaEw5WFX4xVVHh62HpCY' +
    'jy9ha6I8OtpawpD2yTPWBcx2Km3nWIxXV1u4O/3Nq9hOrCyEoVnNnp3lFnFUOnS2JBzoUfMhqPmgnuh+fITSfmkToZDtiKiuBhyvxv01' +
    'Bl3LIWMFjLGdIGKP0nviZXl26rQRe+eboOZYYNNWWLrdwaTM5Com72PyMJMJJh9h0oOy9QMMtzM8mh1QBu9nWMLZ8xp+lOGYYV7DjVks' +
    's/MAOoz/AsMy8aTGd+yulDR5nhAFSFaT3iLAGyc8gCt6a85BkSuO5/+7jL7pdnIgU9e/fxZgEM2PBwfhXQ5CHDXplMFNxB4pElZj7PSD' +
    '21clN/l9EfkV/4jvM9l/2WdC8nxEJSDVxrmr3KHDcau370KHJ74lIM8I93LPQTQWDKywb5A3x4tbOQluwNlYXsDVINr9BeZhx+AO9CIk' +
    '9HEkoAzDOKbOeyLS3nDv/qdCUqQ7/ERXWNrbGwl3eiWf7Pf5SUeETL9tvDMQRwLvCmaE1VO+GO+51I3rC3j/huE1PDWnzApKSWXjvj4Y' +
    'Uz5XLikk7X54EEJwFN4jKf8B/oB8BF4H3L0JDaCQqD11acm7uQ76nIvi05ybG4pdC0zEph/vugi1EqfzJ+FZDBGS1kvEy5hyXOlT9imN' +
    'SqVSogjK7JwydebkC+1NW8rEX1LfnD3lhOHchKvVYS9q5e8xFwqF6PzB5w9uC3TWrhenc/qtC57t/JOG/6OeukszlgBzvEkwW1asvEW0' +
    '5tjsuXn5BbeuWu1wsunVPG/MZEaMf5rL1jXkL4XoSURLLW2HochX7z98+squ8u+i77x6rerC/d3uK2+dGYh+0TxR9dNIS0cRW3e5dUn+' +
    'm3XJ9g/VpQpDXco31KXdTJ4y1CXNoabvYLiO4aChLmm4XlvPMK/hrQwnDfMa3mioSzYDH5uhDi2FYZm4R//f9XxJiLB41NpkguoCnAx+' +
    '0iwlYSDLj6qPyd/1c3VaXz+e3I5hLc7UI9JKEWhlqdonP+bv9R2VP/DnwUY+WCI5GnA/dwRtBfOozVKMN4yKuzlajZIN03cG2Ab8W/Vm' +
    'AZ/U04vwGUJwrB5B9yB6++Nvf7XidXjXAXzkzRwYzk80Sz82uLlx7OScNROB8uFNCZ/04YmqA31rqP2MPu4ZIAsNvpxSuprrKvJ+vzkz' +
    'MfL6My0P+GysYmTqhan0kFoxhvfUrr8o1C7Yp5cQXC5k57/I5S4ukdaU3ra2bF25hw1ajUWhogMW4UU4xZzOwqwlbIsd/rBXd96BnVGR' +
    'nGGBnWGR3XoeIv1mdpehuT3G+MeZ1O4nspA9rq8P/98r/7t75SQZrFHv/H8C7Am8ig==',
} as const
