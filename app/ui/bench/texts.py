"""Answers with every construct that answers are made of."""

# ruff: noqa: E501

ATTENTION = r"""## Why attention scales quadratically

For a sequence of length $n$ and head dimension $d_k$, each head computes

$$\operatorname{Attention}(Q,K,V)=\operatorname{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V$$

so the score matrix has $n^2$ entries, and the **memory traffic** dominates once $n \gg d_k$. A KV cache keeps `K` and `V` of old tokens, so each *new* token costs only $O(n)$. See [the paper](https://arxiv.org/abs/1706.03762).

```python
import numpy as np

def attention(q, k, v, mask=None):
    '''Scaled dot-product attention; q, k, v are (n, d).'''
    scores = q @ k.T / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -1e9)   # causal: hide the future
    w = np.exp(scores - scores.max(-1, keepdims=True)); w /= w.sum(-1, keepdims=True)  # a long line
    return w @ v
```

| Context | Score matrix | KV cache (7B, f16) | Note |
|---|---:|---:|---|
| 2,048 | 4.2 M | 1.0 GB | fits **anywhere** |
| 8,192 | 67 M | 4.0 GB | mid-range GPU |
| 32,768 | 1.07 B | 16 GB | use a `q8_0` cache |

> Rule of thumb: cache bytes = 2 · layers · heads · dim · context · bytes per value.

1. Quantise the cache
   - `q8_0` is close to lossless
   - `q4_0` trades quality
2. Shorten the context

- [x] measured on CPU
- [ ] measured on GPU 🚀
"""

RICH = r"""# Heading one

Text with **bold**, *italic*, ***both***, ~~struck~~, `inline code`, a [link](https://example.com/a) and a bare https://example.com/b. A footnote[^1] too, and money: $5 to $6.

## Heading two

- A bullet whose text is long enough to wrap onto a second line of the reading column, so that the hanging indent can be seen
  - nested, with `code` and a formula $\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$
    - and deeper
- An item with code:

  ```json
  {"name": "value", "list": [1, 2.5, true, null]}
  ```

- The next item

7. An ordered list that starts at seven
8. goes on
10. and has two digits

### Heading three

> A quote with **bold** words.
>
> > A quote inside it, and a list:
> > - one
> > - two
>
> Back in the outer one.

---

| Left | Centre | Right |
|:-----|:------:|------:|
| a | `code` | 1.00 |
| longer text here | $x^2$ | 22.50 |

\[
\begin{pmatrix} a & b \\ c & d \end{pmatrix}
\begin{pmatrix} x \\ y \end{pmatrix}
= \int_0^\infty e^{-t^2}\,dt
\]

```diff
--- a/file
+++ b/file
@@ -1 +1 @@
-old line
+new line
```

~~~
No language, and a very long line that goes on and on and on until it must be scrolled sideways or wrapped by the button above
~~~

<b>HTML is shown as text.</b>

[^1]: The note itself.
"""
