{{ answer_shares('part_of_day', only="channel in ('phone', 'sms')") }}
