{{ reached_by('sms') }}
