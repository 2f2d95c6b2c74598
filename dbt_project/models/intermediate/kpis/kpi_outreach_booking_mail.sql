{{ booked_by('mail') }}
