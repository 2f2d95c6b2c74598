"""Which claim adjustment reason codes (CARC) deny a service, and why; all others adjust what is paid.

The grouping is this project's own, after the denial categories of HFMA's claim integrity task force. A code that no list names is
an adjustment.
"""

import re

_DENIALS = {
    "eligibility": "19 20 21 22 26 27 28 31 32 33 34 109 140 166 177 200 201 B1 B9 B11",
    "authorization": "15 38 39 62 165 197 198 242 243 284 288 302",
    "coding": "4 5 6 7 8 9 10 11 12 14 16 97 107 125 129 146 147 148 163 164 175 181 182 183 185 199 206 207 208 "
    "226 227 231 234 236 250 251 252 267 B15",
    "duplicate": "18 B13",
    "timely_filing": "29",
    "medical_necessity": "49 50 54 55 56 57 58 114 150 151 152 153 154 167 186 269",
    "other": "35 40 51 53 60 88 95 96 110 111 112 115 116 119 128 133 134 135 136 138 141 149 155 168 170 171 172 "
    "179 184 188 189 193 202 203 204 210 211 212 213 214 219 222 224 228 229 232 235 239 240 244 256 257 "
    "258 259 268 270 271 272 273 274 275 276 277 278 279 280 281 282 283 285 286 287 289 A1 A8 B5 B7 B8 "
    "B12 B14 B16 B20 B23 D3 D16 D18 D19 D20 D21",
}
DENIAL_CATEGORIES = {code: category for category, codes in _DENIALS.items() for code in re.findall(r"\w+", codes)}
"""Category of `claim_denials.reason_category` by CARC."""

PRIOR_PAYER = "23"
"""What another payer has paid or written down: no write-down of this one."""
