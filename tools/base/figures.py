# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Makes figures, the same SVG to the byte for the same data."""

import io
from typing import Any

import matplotlib
from matplotlib import figure as figures

STYLE = {
    'svg.hashsalt': 'tfmot_models',
    'svg.fonttype': 'none',
    'font.size': 9,
    'axes.spines.top': False,
    'axes.spines.right': False,
}


def new(size: tuple[float, float], **grid: Any) -> tuple[Any, Any]:
  """Returns a figure and its axes, [rows, columns]."""
  figure = figures.Figure(figsize=size, layout='constrained')
  return figure, figure.subplots(squeeze=False, **grid)


def svg(figure: Any) -> str:
  """Returns a figure as SVG, without date and trailing blanks."""
  stream = io.StringIO()
  with matplotlib.rc_context(STYLE):
    figure.savefig(stream, format='svg', metadata={'Date': None})
  text = stream.getvalue()
  return '\n'.join(line.rstrip() for line in text.splitlines()) + '\n'
