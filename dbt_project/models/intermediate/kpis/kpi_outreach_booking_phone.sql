{{ booked_by('phone') }}
