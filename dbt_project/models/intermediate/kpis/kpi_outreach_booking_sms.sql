{{ booked_by('sms') }}
