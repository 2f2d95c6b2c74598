{{ answer_shares('channel') }}
